/**
 * Which config a process runs: since when, and what it has refused since. A refused file leaves the process on an older
 * config, which the file alone does not show: the log, /readyz, /metrics and `ficus status` do.
 */
import { type ConfigProblem, formatPath } from './config-problem.ts';

/** A changed config that a process did not take, in words. */
export interface ConfigRefusal {
  /** ISO time: since then the file has not been valid for this process. */
  readonly since: string;
  /** How many problems there are, listed or not. */
  readonly count: number;
  /** The first of them. */
  readonly problems: readonly RefusedProblem[];
  /** The file is valid: all that it changes takes effect at the next start. */
  readonly needsRestart?: boolean | undefined;
}

interface RefusedProblem {
  /** `slices.notifications.routes[0].path` */
  readonly path: string;
  readonly message: string;
}

export interface RunningConfigView {
  /** ISO time of the last change that took effect, or of the start. */
  readonly appliedAt: string;
  readonly refused: ConfigRefusal | null;
}

/** `refused since 2026-01-01T00:00:00.000Z`: without a name or a value. */
export const describeSince = ({ since, needsRestart }: ConfigRefusal): string =>
  `${needsRestart ? 'valid, and waits for a restart' : 'refused'} since ${since}`;

/** `refused since 2026-01-01T00:00:00.000Z: legacy.url: is required, and 2 more` */
export function describeRefusal(refusal: ConfigRefusal): string {
  const { count, problems } = refusal;
  const [first] = problems;
  const more = count > 1 ? `, and ${count - 1} more` : '';
  return `${describeSince(refusal)}${first ? `: ${first.path}: ${first.message}` : ''}${more}`;
}

/** A report to the control plane stays small, whatever the file holds. */
const MOST_PROBLEMS = 20;
const LONGEST_TEXT = 500;

export class RunningConfig {
  readonly #now: () => number;
  #appliedAt: string;
  #refused: ConfigRefusal | null = null;
  /** By config key: refused, or taken at a start alone. */
  readonly #refusedParts = new Map<string, ConfigRefusal>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#appliedAt = this.#time();
  }

  get view(): RunningConfigView {
    const refused = [...(this.#refused ? [this.#refused] : []), ...this.#refusedParts.values()];
    return { appliedAt: this.#appliedAt, refused: joinRefusals(refused) };
  }

  /** A changed config has taken effect. */
  applied(): void {
    this.#appliedAt = this.#time();
    this.#refused = null;
  }

  /** The file has the running config. Returns whether another one had been refused before. */
  unchanged(): boolean {
    const before = this.#refused;
    this.#refused = null;
    return before !== null;
  }

  /** The time is that of the first refusal in a row; the problems are the newest. */
  refuse(problems: readonly ConfigProblem[]): ConfigRefusal {
    this.#refused = {
      since: this.#refused?.since ?? this.#time(),
      count: problems.length,
      problems: problems.slice(0, MOST_PROBLEMS).map(({ path, message }) => ({
        path: formatPath(path).slice(0, LONGEST_TEXT),
        message: message.slice(0, LONGEST_TEXT),
      })),
      needsRestart: problems.length > 0 && problems.every(({ needsRestart }) => needsRestart === true),
    };
    return this.#refused;
  }

  /** What another process, which reads the file, has refused; null when it has the running config again. */
  takeRefusal(refused: ConfigRefusal | null): void {
    this.#refused = refused;
  }

  /**
   * A file that the config names, a certificate or the flags, has changed and cannot be used; undefined: it can. The config itself may
   * change meanwhile, which says nothing about the file.
   * @param path config key of the file
   */
  takeFile(path: string, problem: string | undefined): void {
    this.#takePart(path, problem);
  }

  /** A part of the applied config that the process takes at its start alone has changed since, in words; undefined: it has not. */
  takeFixed(path: string, change: string | undefined): void {
    this.#takePart(path, change, true);
  }

  #takePart(path: string, message: string | undefined, needsRestart?: true): void {
    const since = this.#refusedParts.get(path)?.since ?? this.#time();
    this.#refusedParts.delete(path);
    if (message === undefined) return;
    const problems = [{ path, message: message.slice(0, LONGEST_TEXT) }];
    this.#refusedParts.set(path, { since, count: 1, problems, ...(needsRestart && { needsRestart }) });
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}

/** Since the oldest; null without any. */
function joinRefusals(refusals: readonly ConfigRefusal[]): ConfigRefusal | null {
  const [first] = refusals;
  if (first === undefined || refusals.length === 1) return first ?? null;
  return {
    since: refusals.map(({ since }) => since).sort()[0]!,
    count: refusals.reduce((sum, { count }) => sum + count, 0),
    problems: refusals.flatMap(({ problems }) => problems).slice(0, MOST_PROBLEMS),
    needsRestart: refusals.every(({ needsRestart }) => needsRestart === true),
  };
}
