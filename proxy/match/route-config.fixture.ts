/** A config of slices `s0`, `s1` and so on, each with the routes that a test gives it. */
import { configSchema, type FicusConfig } from '@ficus/core';

type Route = Record<string, unknown>;

export function configOf(...slices: Route[][]): FicusConfig {
  const named = slices.map((routes, index) => [
    `s${index}`,
    { candidate: { url: 'http://127.0.0.1:2' }, routes },
  ]);
  return configSchema.parse({
    version: 1,
    legacy: { url: 'http://127.0.0.1:1' },
    flags: { provider: 'file', file: 'x' },
    slices: Object.fromEntries(named),
  });
}
