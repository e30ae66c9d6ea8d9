/** What introspection answers to a caller without a session: whether the config fits the legacy. */
import type { Finding } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { probeIntrospection } from '@ficus/proxy';

export async function checkIntrospection(config: FicusConfig): Promise<Finding[]> {
  const problems = await probeIntrospection(config);
  return problems.map(({ field, message }) => ({
    severity: 'warning',
    path: `proxy.identify.${field}.introspect`,
    code: 'FICUS_PROXY_INTROSPECTION_UNCLEAR',
    message,
  }));
}
