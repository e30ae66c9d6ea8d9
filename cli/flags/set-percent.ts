/**
 * Sets a flag's percentage through the control plane, which calls the guards and writes the audit. A config without a
 * control plane has neither: its flags are set where they are kept.
 */
import { existsSync } from 'node:fs';
import type { GuardView, PercentChange, SliceView } from '@ficus/contract';
import { type JudgeChange, openForeignFlags, withoutAudit } from '@ficus/control';
import {
  type ErrorCode,
  FicusError,
  type FlagKind,
  type FlagsConfig,
  flagName,
  flagPercent,
  passesByItself,
} from '@ficus/core';
import { readFlagsFile } from '@ficus/proxy';
import { connectControl } from '../config/connect-control.ts';
import { requireNamed } from '../config/load-reachable.ts';
import type { OutOfReach, ReachableConfig } from '../config/reachable-config.ts';
import { wayByHandAt } from '../config/way-by-hand.ts';
import { warn } from '../output/warn.ts';

export interface Flip {
  readonly slice: string;
  readonly kind: FlagKind;
  readonly percent: number;
  readonly reason: string;
  readonly force: boolean;
}

/** A hanging control plane must not keep users on a failing candidate. */
const WAY_BACK_TIMEOUT_MS = 3_000;

/** What has become of a flip. */
export interface FlipOutcome {
  /** Percentage; `null` when there was none. */
  readonly previous: number | null;
  /** As the control plane sees the slice; undefined when the flag was set without one. */
  readonly seen: SliceView | undefined;
  /** Guards that refused, and were overridden. */
  readonly overridden: readonly GuardView[];
  /** The file that this command itself has changed. */
  readonly file?: FlippedFile | undefined;
}

interface FlippedFile {
  readonly path: string;
  /** It was not there before. */
  readonly isNew: boolean;
}

/**
 * The way back, to 0, is always open: it bypasses a control plane that cannot make the change at the moment, unless that
 * control plane keeps the flag itself.
 */
export async function setPercent(
  config: ReachableConfig,
  flip: Flip,
  wayBackTimeoutMs = WAY_BACK_TIMEOUT_MS,
): Promise<FlipOutcome> {
  const { flags, outOfReach, elsewhere } = config;
  if (outOfReach !== undefined) return setOutOfReach(outOfReach, flip, wayBackTimeoutMs);
  // Where flags are kept cannot be read: the control plane knows.
  if (flags === undefined || flags.provider === 'builtin')
    return setThroughControl(config, flip).catch((error: unknown) => {
      throw withPresentShare(error, flip);
    });
  if (!config.hasDatabase) return setUnevaluated(config, flags, flip);
  if (config.control === undefined) return setUnguarded(config, flags, flip, UNREAD);
  const timeoutMs = flip.percent === 0 ? wayBackTimeoutMs : undefined;
  const outcome = await setThroughControl(config, flip, timeoutMs).catch((error: unknown) => {
    if (flip.percent > 0 || !(error instanceof FicusError) || !passesByItself(error)) throw error;
    return setUnguarded(config, flags, flip, error.message);
  });
  return elsewhere && outcome.file === undefined ? setWhereItRuns(flags, flip, outcome) : outcome;
}

/** The control plane need not have changed the file that the running proxy reads: it may have been restarted since. */
async function setWhereItRuns(flags: FlagsConfig, flip: Flip, outcome: FlipOutcome): Promise<FlipOutcome> {
  const name = flagName(flip.slice, flip.kind);
  const read = await readFlagsFile(flags.file!).catch(() => undefined);
  // The operator's account need not have the right to write there.
  if (read && flagPercent(read.features.find((feature) => feature.name === name)) === flip.percent)
    return outcome;
  if (flip.percent > 0) {
    warn(
      `${name} was set in another place than the running proxy reads: it takes effect when that is restarted.`,
    );
    return outcome;
  }
  const { previous, file } = await setWhereKept(flags, flip).catch((error: unknown) => {
    if (!(error instanceof FicusError)) throw error;
    const message = `The control plane has set ${name} to 0 %, but not in the file that the running proxy reads: ${error.message}`;
    throw new FicusError(error.code, message, { cause: error });
  });
  return { ...outcome, previous, file };
}

/** Only a control plane may have a way to the flags; without one, a person has. */
async function setOutOfReach(
  { why, running, control, isMoved }: OutOfReach,
  flip: Flip,
  wayBackTimeoutMs: number,
): Promise<FlipOutcome> {
  const byHand = flip.percent === 0 ? [wayByHandAt(running, flagName(flip.slice, flip.kind))] : [];
  if (control === undefined) throw new FicusError('FICUS_RUNNING_ELSEWHERE', [why, ...byHand].join(' '));
  const timeoutMs = flip.percent === 0 ? wayBackTimeoutMs : undefined;
  const outcome = await setThroughControl({ control }, flip, timeoutMs).catch((error: unknown) => {
    if (running.provider === 'builtin' && isOfDatabase(error)) throw withPresentShare(error, flip);
    if (!(error instanceof FicusError) || !isClosed(error, flip)) throw error;
    const message = [error.message, why, ...byHand].join(' ');
    throw new FicusError('FICUS_RUNNING_ELSEWHERE', message, { cause: error });
  });
  if (isMoved && running.provider === 'unleash')
    warn(`${why} A control plane that was restarted since has changed the new place alone.`);
  return outcome;
}

/** The control plane does not let this command in; or it is away, and nothing else can lower a share. */
const isClosed = (error: FicusError, { percent }: Flip): boolean =>
  WITHOUT_TOKEN.has(error.code) || (percent === 0 && passesByItself(error));

const WITHOUT_TOKEN: ReadonlySet<ErrorCode> = new Set([
  'FICUS_CONTROL_TOKEN_MISSING',
  'FICUS_CONTROL_FORBIDDEN',
  'FICUS_CONTROL_ROLE_MISSING',
]);

const UNREAD = 'A control plane may run, and the config names none that can be read.';

/** In place of a control plane: lowering needs no guard. */
async function setUnguarded(
  config: ReachableConfig,
  flags: FlagsConfig,
  flip: Flip,
  why: string,
): Promise<FlipOutcome> {
  if (hasReadableSlices(config)) requireNamed(config, flip.slice);
  const outcome = await setWhereKept(flags, flip, (before) => {
    if (flip.percent <= (before ?? 0)) return '';
    const name = flagName(flip.slice, flip.kind);
    throw new FicusError('FICUS_CONFIG_INVALID', `${why} Without its guards, ${name} can only be lowered.`);
  });
  warn(`${why} The flag is set without the control plane: this change is not in the audit.`);
  return outcome;
}

/**
 * Built-in flags are in the control database: while it is away, or its disk is full, none can be set. What is true
 * meanwhile, and which way back is left, is known only here.
 */
function withPresentShare(error: unknown, { slice, kind, percent }: Flip): unknown {
  if (!isOfDatabase(error)) return error;
  const wayBack =
    kind === 'serve' && percent === 0
      ? ` Until then, the way back is ficus.yaml: take the slice ${slice} out of it, and the legacy serves all of it; put it back afterwards.`
      : '';
  const message = `${error.message} The flag is in the control database; until it takes the change, proxies continue with the share that they last received.${wayBack}`;
  return new FicusError(error.code, message, { cause: error });
}

const OF_DATABASE: ReadonlySet<ErrorCode> = new Set([
  'FICUS_DATABASE_UNREACHABLE',
  'FICUS_CONTROL_NOT_STORED',
]);

const isOfDatabase = (error: unknown): error is FicusError =>
  error instanceof FicusError && OF_DATABASE.has(error.code);

async function setThroughControl(
  config: Pick<ReachableConfig, 'control'>,
  flip: Flip,
  timeoutMs?: number,
): Promise<FlipOutcome> {
  const { slice, kind, percent, reason, force } = flip;
  const control = connectControl(config, timeoutMs);
  const change: PercentChange = { percent, reason };
  const made =
    kind === 'serve'
      ? await control.setServe(slice, { ...change, force })
      : await control.setShadow(slice, change);
  // An older control plane does not say what was overridden.
  const { previous, overridden = [], slice: seen } = made;
  return { previous, overridden, seen };
}

async function setWhereKept(
  config: FlagsConfig,
  { slice, kind, percent, reason }: Flip,
  judge?: JudgeChange,
): Promise<FlipOutcome> {
  const path = config.provider === 'file' ? config.file : undefined;
  const isNew = path !== undefined && !existsSync(path);
  const flags = openForeignFlags(config, withoutAudit);
  try {
    const previous = await flags.set({ slice, kind, percent, reason, actor: '' }, judge);
    return {
      previous,
      overridden: [],
      seen: undefined,
      file: path === undefined ? undefined : { path, isNew },
    };
  } finally {
    flags.stop();
  }
}

/** Where no control plane evaluates guards. */
async function setUnevaluated(config: ReachableConfig, flags: FlagsConfig, flip: Flip): Promise<FlipOutcome> {
  const mustBeNamed = flip.percent > 0 || hasReadableSlices(config);
  const guards = mustBeNamed ? requireNamed(config, flip.slice) : [];
  let overridden: readonly GuardView[] = [];
  const outcome = await setWhereKept(flags, flip, (before) => {
    if (flip.kind === 'serve' && flip.percent > (before ?? 0)) overridden = requireUnguarded(guards, flip);
    return '';
  });
  return { ...outcome, overridden };
}

/** A guard that cannot be evaluated refuses. Returns those that were overridden. */
function requireUnguarded(guards: readonly string[], { slice, force }: Flip): readonly GuardView[] {
  if (guards.length === 0) return [];
  const text = 'A control plane would evaluate it, and this config has none (control.database).';
  if (force) return guards.map((guard) => ({ guard, answer: 'insufficient evidence', text, numbers: {} }));
  throw new FicusError(
    'FICUS_GUARDS_NOT_EVALUATED',
    `${slice} is held back by its guards (${guards.join(', ')}): a control plane evaluates them, and this config has none (control.database).`,
  );
}

/** A name that an invalid file does not have is a slip, unless the slices are what cannot be read. */
export function hasReadableSlices({ valid, guards, elsewhere }: ReachableConfig): boolean {
  return valid !== undefined || (guards.size > 0 && elsewhere === undefined);
}
