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

/** What the question above cannot find out. */
export function noteIntrospection({ proxy: { identify } }: FicusConfig): Pick<Finding, 'path' | 'message'>[] {
  return (['user', 'session', 'tenant'] as const).flatMap((name) => {
    const { introspect, field = name, cookie, header } = identify[name] ?? {};
    if (introspect === undefined) return [];
    const session = cookie === undefined ? `--header '${header}: …'` : `--cookie '${cookie}=…'`;
    const message = `cannot be checked without a session: whether the answer of ${introspect} to one has ${field}, \`ficus explain METHOD URL ${session}\` says`;
    return [{ path: `proxy.identify.${name}.field`, message }];
  });
}
