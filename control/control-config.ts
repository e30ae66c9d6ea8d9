/** What the control plane itself needs of the config, checked before anything is opened. */
import { type FicusConfig, FicusError, splitHostPort } from '@ficus/core';
import { requireLoopbackOrToken } from './http/access.ts';

interface ControlSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly token: string | undefined;
}

/** @throws FicusError FICUS_CONFIG_INVALID, FICUS_CONTROL_TOKEN_REQUIRED */
export function requireControlConfig({ control }: FicusConfig): ControlSettings {
  if (!control?.database)
    throw new FicusError('FICUS_CONFIG_INVALID', 'control.database: is required to run the control plane');
  const { database, token } = control;
  const { host, port } = splitHostPort(control.listen);
  requireLoopbackOrToken(host, token);
  return { host, port, database, token };
}
