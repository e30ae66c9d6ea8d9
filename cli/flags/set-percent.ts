/**
 * Sets a flag's percentage through the control plane, which calls the guards and writes the audit. A config without a
 * control plane has neither: its flags are set where they are kept.
 */
import type { PercentChange } from '@ficus/contract';
import { openForeignFlags, withoutAudit } from '@ficus/control';
import { type FicusConfig, FicusError, type FlagKind, passesByItself } from '@ficus/core';
import { connectControl } from '../config/connect-control.ts';
import { paint } from '../output/paint.ts';
import { printError } from '../output/terminal.ts';

export interface Flip {
  readonly slice: string;
  readonly kind: FlagKind;
  readonly percent: number;
  readonly reason: string;
  readonly force: boolean;
}

/** A hanging control plane must not keep users on a failing candidate. */
const WAY_BACK_TIMEOUT_MS = 3_000;

/**
 * Returns the previous percentage; `null` when there was none. The way back, to 0, is always open: it bypasses a control
 * plane that cannot make the change at the moment, unless that control plane keeps the flag itself.
 */
export async function setPercent(
  config: FicusConfig,
  flip: Flip,
  wayBackTimeoutMs = WAY_BACK_TIMEOUT_MS,
): Promise<number | null> {
  if (config.flags.provider === 'builtin') return setThroughControl(config, flip);
  if (config.control?.database === undefined) {
    refuseUnevaluated(config, flip);
    return setWhereKept(config, flip);
  }
  if (flip.percent > 0) return setThroughControl(config, flip);
  try {
    return await setThroughControl(config, flip, wayBackTimeoutMs);
  } catch (error) {
    if (!(error instanceof FicusError) || !passesByItself(error)) throw error;
    printError(
      `${paint('yellow', '!', process.stderr)} ${error.message} The flag is set without the control plane: this change is not in the audit.\n`,
    );
    return setWhereKept(config, flip);
  }
}

async function setThroughControl(
  config: FicusConfig,
  flip: Flip,
  timeoutMs?: number,
): Promise<number | null> {
  const { slice, kind, percent, reason, force } = flip;
  const control = connectControl(config, timeoutMs);
  const change: PercentChange = { percent, reason };
  const { previous } =
    kind === 'serve'
      ? await control.setServe(slice, { ...change, force })
      : await control.setShadow(slice, change);
  return previous;
}

async function setWhereKept(
  config: FicusConfig,
  { slice, kind, percent, reason }: Flip,
): Promise<number | null> {
  const flags = openForeignFlags(config.flags, withoutAudit);
  try {
    return await flags.set({ slice, kind, percent, reason, actor: '' });
  } finally {
    flags.stop();
  }
}

/** A guard that cannot be evaluated refuses. */
function refuseUnevaluated({ slices }: FicusConfig, { slice, kind, percent, force }: Flip): void {
  const guards = Object.keys(slices[slice]?.guards ?? {});
  if (kind !== 'serve' || percent === 0 || force || guards.length === 0) return;
  throw new FicusError(
    'FICUS_GUARDS_NOT_EVALUATED',
    `${slice} is held back by its guards (${guards.join(', ')}): a control plane evaluates them, and this config has none (control.database).`,
  );
}
