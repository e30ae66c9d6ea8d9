/** What the control plane itself needs of the config, checked before anything is opened. */
import { type ControlConfig, type FicusConfig, FicusError, splitHostPort } from '@ficus/core';

interface ControlSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly tokens: Pick<ControlConfig, 'token' | 'tokens'>;
  readonly tls: ControlConfig['tls'];
}

/** @throws FicusError FICUS_CONFIG_INVALID */
export function requireControlConfig({ control }: FicusConfig): ControlSettings {
  if (!control?.database)
    throw new FicusError('FICUS_CONFIG_INVALID', 'control.database: is required to run the control plane');
  const { database, listen, token, tokens, tls } = control;
  return { ...splitHostPort(listen), database, tokens: { token, tokens }, tls };
}

/** The config without the tokens of others: only their digests stay in memory. */
export function withoutTokens(config: FicusConfig): FicusConfig {
  return config.control
    ? { ...config, control: { ...config.control, token: undefined, tokens: [] } }
    : config;
}
