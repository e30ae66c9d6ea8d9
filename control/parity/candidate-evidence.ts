/**
 * The verdicts of one slice, by the version of the candidate that answered. Only those of the current version count as
 * agreement; those of earlier ones stay readable, with their age. While a deployment runs, two versions answer in turn:
 * the one that appeared last is the current one, until it is not seen any more (a deployment taken back).
 */
import type { Verdict, VerdictKind } from '@ficus/core';
import { ParityTally } from '@ficus/parity';
import type { StoredEvidence } from '../store/evidence-store.ts';

/** Of a candidate that does not say: nothing configured, or no such header in its answer. */
export const UNKNOWN_VERSION = '';

export type VersionEvidence = StoredEvidence;

type SeenVersion = Omit<VersionEvidence, 'report'>;

interface Kept extends SeenVersion {
  readonly tally: ParityTally;
}

const MOST_VERSIONS = 5;
/** Of versions without evidence, only when each appeared. */
const MOST_FORGOTTEN = 100;
/** Instances of an earlier version answer for so long after the last answer of a new one before it counts as taken back. */
const TAKEN_BACK_MS = 60_000;
const AGREEMENT: ReadonlySet<VerdictKind> = new Set(['match', 'noise', 'stale']);

export class CandidateEvidence {
  readonly #kept = new Map<string, Kept>();
  /** Version → when it appeared. An instance of it that answers again must not look like a new deployment. */
  readonly #forgotten = new Map<string, number>();
  readonly #now: () => number;
  /** From the config: then no answer is asked for it. */
  #fixed: string | undefined;

  constructor(
    fixed: string | undefined,
    stored: readonly VersionEvidence[] = [],
    now: () => number = Date.now,
  ) {
    this.#now = now;
    for (const { report, ...seen } of stored)
      this.#kept.set(seen.version, { ...seen, tally: ParityTally.continued(report) });
    this.#fixed = fixed;
  }

  /** @param fixed `candidate.version`; undefined: the version is what answers say */
  fix(fixed: string | undefined): void {
    this.#fixed = fixed;
  }

  get version(): string {
    return this.#fixed ?? decideVersion([...this.#kept.values()]);
  }

  get current(): ParityTally {
    return this.#kept.get(this.version)?.tally ?? this.seen(this.version);
  }

  /**
   * Where the verdict about an answer counts.
   * @param said the version that the answer names, `UNKNOWN_VERSION` for none; `undefined`: there was no answer
   * @param at when it came, in milliseconds
   */
  tallies(said: string | undefined, { kind }: Verdict, at: number): readonly ParityTally[] {
    if (said === undefined) return [this.current];
    const own = this.seen(said, at);
    if (said !== UNKNOWN_VERSION || AGREEMENT.has(kind)) return [own];
    // It may be an error page of the last named version: as evidence for it this would be a guess, against it it counts.
    const named = this.#kept.get(decideVersion([...this.#kept.values()].filter(isNamed)));
    return named && named.tally !== own ? [own, named.tally] : [own];
  }

  /**
   * An answer of this version came; returns the version's own tally.
   * @param at in milliseconds
   */
  seen(version: string, at = this.#now()): ParityTally {
    const known = this.#kept.get(version);
    const tally = known?.tally ?? new ParityTally(new Date(at));
    const firstSeenAt = Math.min(at, known?.firstSeenAt ?? this.#forgotten.get(version) ?? at);
    const lastSeenAt = Math.max(at, known?.lastSeenAt ?? at);
    this.#kept.set(version, { version, firstSeenAt, lastSeenAt, tally });
    if (!known) this.#dropOldest();
    return tally;
  }

  /** Newest first, without the current one and without those of which nothing is known. */
  earlier(): VersionEvidence[] {
    const current = this.version;
    return this.all()
      .filter(({ version, report }) => version !== current && Object.keys(report.routes).length > 0)
      .sort((a, b) => b.lastSeenAt - a.lastSeenAt);
  }

  all(): VersionEvidence[] {
    return [...this.#kept.values()].map(({ tally, ...seen }) => ({ ...seen, report: tally.report() }));
  }

  /** Begins again, for every version. When each appeared stays known. */
  reset(): void {
    for (const { tally } of this.#kept.values()) tally.reset(new Date(this.#now()));
  }

  dropSamples(): void {
    for (const { tally } of this.#kept.values()) tally.dropSamples();
  }

  #dropOldest(): void {
    const oldest = [...this.#kept.values()].sort((a, b) => a.lastSeenAt - b.lastSeenAt);
    for (const { version, firstSeenAt } of oldest.slice(0, Math.max(0, oldest.length - MOST_VERSIONS))) {
      this.#kept.delete(version);
      this.#forgotten.set(version, firstSeenAt);
    }
    for (const version of this.#forgotten.keys()) {
      if (this.#forgotten.size <= MOST_FORGOTTEN) break;
      this.#forgotten.delete(version);
    }
  }
}

/** Which of the versions that answered is the current one. */
export function decideVersion(seen: readonly SeenVersion[]): string {
  const newest = Math.max(...seen.map(({ lastSeenAt }) => lastSeenAt));
  const recent = seen.filter(({ lastSeenAt }) => lastSeenAt >= newest - TAKEN_BACK_MS);
  // An answer that does not say (a gateway's, say) is no new version.
  const named = recent.filter(isNamed);
  const [last] = (named.length > 0 ? named : recent).toSorted((a, b) => b.firstSeenAt - a.firstSeenAt);
  return last?.version ?? UNKNOWN_VERSION;
}

const isNamed = ({ version }: SeenVersion): boolean => version !== UNKNOWN_VERSION;
