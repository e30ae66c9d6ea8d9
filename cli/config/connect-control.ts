/** The control plane that a config points at. */

import { type ControlClient, createControlClient } from '@ficus/contract';
import { type FicusConfig, FicusError } from '@ficus/core';

/** @throws FicusError FICUS_CONTROL_UNREACHABLE when the config has no control plane */
export function connectControl(config: FicusConfig): ControlClient {
  if (!config.control) {
    throw new FicusError('FICUS_CONTROL_UNREACHABLE', 'This config has no control plane (no `control:`).');
  }
  return createControlClient(`http://${config.control.listen}`, config.control.token);
}
