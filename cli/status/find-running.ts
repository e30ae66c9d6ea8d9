/** Where the processes of a config are reached. A file that is not valid is no obstacle: they run an older one. */
import { type ControlConfig, type FicusConfig, FicusError } from '@ficus/core';
import { readRunningPlaces } from '@ficus/proxy';
import { ConfigInvalid } from '../config/config-invalid.ts';
import { loadConfig, requireSlice } from '../config/load-config.ts';

export interface FoundRunning {
  readonly control: ControlConfig | undefined;
  /** HOST:PORT of a proxy's admin address. */
  readonly admin: string | undefined;
  /** Why the file is refused; empty for a valid one. */
  readonly problems: readonly string[];
}

/**
 * @param slice must be one of a valid config
 * @throws FicusError FICUS_CONFIG_UNREADABLE, FICUS_SLICE_UNKNOWN · ConfigInvalid when it has no address that can be read
 */
export async function findRunning(file: string, slice: string | undefined): Promise<FoundRunning> {
  try {
    const config = await loadConfig(file);
    if (slice !== undefined) requireSlice(config, slice);
    return { ...placesOf(config), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    const places = await readRunningPlaces(file, process.env);
    if (!places.control && places.admin === undefined) throw error;
    return { ...places, problems: error.problems };
  }
}

/** @throws FicusError when the config names nothing that could be asked */
function placesOf({ control, proxy }: FicusConfig): Pick<FoundRunning, 'control' | 'admin'> {
  if (control || proxy.admin !== undefined) return { control, admin: proxy.admin };
  throw new FicusError(
    'FICUS_STATUS_NOWHERE',
    'This config has neither a control plane (`control:`) nor an admin address of the proxy (`proxy.admin`).',
  );
}
