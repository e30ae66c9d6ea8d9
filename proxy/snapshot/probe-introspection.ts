/**
 * Asks the legacy who a caller without a session is, exactly as the proxy asks about sessions: `ficus check --live` learns
 * of a path that is wrong, or of an answer that the config does not fit, before any user does. Whether the answer names
 * users cannot be known without one's session.
 */
import type { FicusConfig } from '@ficus/core';
import { type AskedEndpoint, askedEndpoints } from '../identify/asked-endpoints.ts';
import { readAnswer } from '../identify/read-answer.ts';
import { Upstream } from '../upstream/upstream.ts';
import { askWhoCalls } from './ask-introspection.ts';

export interface IntrospectionProblem {
  /** In the config. */
  readonly field: 'user' | 'session' | 'tenant';
  readonly message: string;
}

/** Empty when all is as it should be. @throws FicusError FICUS_PEM_UNREADABLE */
export async function probeIntrospection({ proxy, legacy }: FicusConfig): Promise<IntrospectionProblem[]> {
  const { all } = askedEndpoints(proxy.identify);
  if (all.length === 0) return [];
  const upstream = new Upstream('legacy', legacy);
  try {
    return (await Promise.all(all.map((endpoint) => probe(upstream, endpoint)))).flat();
  } finally {
    upstream.close();
  }
}

async function probe(upstream: Upstream, { path, wanted }: AskedEndpoint): Promise<IntrospectionProblem[]> {
  const read = readAnswer(await askWhoCalls(upstream, path, []), wanted);
  const { field } = wanted.find(({ isNamed }) => isNamed)!;
  const problem = (seen: string): IntrospectionProblem[] => [
    { field, message: `${path} ${seen}, to a caller without a session.` },
  ];
  if ('failed' in read) return problem(read.failed);
  if (read.lacks !== undefined) return problem(`${read.lacks.reason} (it has ${read.lacks.seen})`);
  return read.identity.user === undefined ? [] : problem('named a user');
}
