/** Whether a candidate answers a caller whom it cannot know: with a 401, somebody has to decide how it learns who calls. */
import { printable } from '@ficus/core';
import type { ProposedRoute } from '../openapi/propose-slices.ts';
import type { Say } from './note.ts';
import { PoliteClient } from './polite-client.ts';
import { below } from './probe-paths.ts';

/** Reads that are asked, at most. */
const MOST_READS = 3;

/** Never rejects. @returns the first read that is refused without credentials */
export async function probeGuest(
  { slice, url, routes }: { slice: string; url: URL; routes: readonly ProposedRoute[] },
  { userAgent, answerMs }: { userAgent: string; answerMs?: number | undefined },
  say: Say,
): Promise<string | undefined> {
  const client = new PoliteClient(userAgent, answerMs);
  for (const path of readsOf(routes).slice(0, MOST_READS)) {
    const asked = await client.get(below(url, path));
    if (!asked.ok) return undefined;
    if (asked.answer.status !== 401) continue;
    say({
      kind: 'attention',
      text: printable(
        `Candidate of ${slice}: GET ${path} answers 401 without credentials, which it does not get by default: decide candidate.credentials, or let it verify x-ficus-identity (proxy.identify.assert).`,
      ),
    });
    return path;
  }
  return undefined;
}

/** Without parameters. */
const readsOf = (routes: readonly ProposedRoute[]): string[] =>
  routes
    .filter(
      ({ methods, path, kind }) => kind !== 'write' && methods.includes('GET') && /^\/[\w/.-]+$/.test(path),
    )
    .map(({ path }) => path);
