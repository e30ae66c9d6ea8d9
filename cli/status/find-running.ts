/** Where the processes of a config are reached. A file that is not valid is no obstacle: they run an older one. */
import { type ControlConfig, type FicusConfig, FicusError } from '@ficus/core';
import { readRunningPlaces } from '@ficus/proxy';
import { type AskedProxy, askedProxy } from '../config/asked-proxy.ts';
import { ConfigInvalid } from '../config/config-invalid.ts';
import { loadConfig, requireSlice } from '../config/load-config.ts';
import { withRunningPort } from '../config/place-as-running.ts';
import { findRecord, type RunningRecord } from '../config/running-record.ts';

export interface FoundRunning extends AskedProxy {
  readonly control: ControlConfig | undefined;
  /** Why the file is refused; empty for a valid one. */
  readonly problems: readonly string[];
}

/**
 * @param slice must be one of a valid config
 * @throws FicusError FICUS_CONFIG_UNREADABLE, FICUS_SLICE_UNKNOWN · ConfigInvalid when it has no address that can be read
 */
export async function findRunning(file: string, slice: string | undefined): Promise<FoundRunning> {
  const running = await findRecord(file);
  try {
    const config = await loadConfig(file);
    if (slice !== undefined) requireSlice(config, slice);
    return { ...placesOf(config, running), problems: [] };
  } catch (error) {
    const problems = problemsOf(error, running);
    if (problems === undefined) throw error;
    const places = await readRunningPlaces(file, process.env).catch(() => NOTHING);
    const control = places.control && withRunningPort(places.control, running);
    const found = { control, ...askedProxy({ ...places, isValid: false }, running), problems };
    if (!control && found.admin === undefined) throw error;
    return found;
  }
}

const NOTHING = { control: undefined, admin: undefined };

/** Undefined of what stops the command. A file that is gone does not while its proxy runs. */
function problemsOf(error: unknown, running: RunningRecord | undefined): readonly string[] | undefined {
  if (error instanceof ConfigInvalid) return error.problems;
  const isGone = error instanceof FicusError && error.code === 'FICUS_CONFIG_UNREADABLE';
  return isGone && running ? [error.message] : undefined;
}

/** @throws FicusError when the config names nothing that could be asked */
function placesOf({ control, proxy: { admin } }: FicusConfig, running: RunningRecord | undefined) {
  const asked = askedProxy({ admin, control, isValid: true }, running);
  if (control || asked.admin !== undefined)
    return { control: control && withRunningPort(control, running), ...asked };
  throw new FicusError(
    'FICUS_STATUS_NOWHERE',
    'This config has neither a control plane (`control:`) nor an admin address of the proxy (`proxy.admin`).',
  );
}
