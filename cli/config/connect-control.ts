/** Connects to the control plane that a config names. */

import { type ControlClient, createControlClient } from '@ficus/contract';
import { controlUrl, type FicusConfig, FicusError, tokenFor } from '@ficus/core';
import { controlFetch } from '@ficus/proxy';

/**
 * @param callTimeoutMs how long each answer may take; by default the client's own limit
 * @throws FicusError FICUS_CONTROL_UNREACHABLE when the config has no control plane
 */
export function connectControl(config: Pick<FicusConfig, 'control'>, callTimeoutMs?: number): ControlClient {
  const { control } = config;
  if (!control) {
    throw new FicusError('FICUS_CONTROL_UNREACHABLE', 'This config has no control plane (no `control:`).');
  }
  const token = tokenFor(control, 'admin') ?? tokenFor(control, 'operate') ?? tokenFor(control, 'read');
  const send = controlFetch(control.client);
  return createControlClient(controlUrl(control), token, undefined, callTimeoutMs, send);
}
