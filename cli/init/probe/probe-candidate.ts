/** Whether a candidate is there, where it says that it is well, and which routes its own OpenAPI document names. */
import { printable } from '@ficus/core';
import { describeFailure } from './describe-failure.ts';
import type { Say } from './note.ts';
import { PoliteClient } from './polite-client.ts';
import { slashed } from './probe-entry.ts';
import { probeHealth } from './probe-health.ts';
import { type FoundDocument, probeOpenApi } from './probe-openapi.ts';
import { probeMissing } from './probe-paths.ts';

export interface CandidateFacts {
  readonly health?: string;
  readonly openApi?: FoundDocument;
}

/** Never rejects. @param wantsRoutes whether its document is looked for */
export async function probeCandidate(
  { slice, url, wantsRoutes }: { slice: string; url: URL; wantsRoutes: boolean },
  { userAgent, answerMs }: { userAgent: string; answerMs?: number | undefined },
  say: Say,
): Promise<CandidateFacts> {
  const client = new PoliteClient(userAgent, answerMs);
  const asked = await client.get(slashed(url));
  if (!asked.ok) {
    if (asked.error !== 'spent')
      say({
        kind: 'attention',
        text: `Candidate of ${slice}: ${describeFailure(url, asked.error, client.answerMs)}`,
      });
    return {};
  }
  const missing = await probeMissing(client, { base: url });
  const health = await probeHealth(client, { base: url }, missing);
  const openApi = wantsRoutes ? await probeOpenApi(client, { base: url }) : undefined;
  const where = health === undefined ? '' : `, health path ${health}`;
  say({ kind: 'found', text: printable(`candidate of ${slice}: ${url.href} answers${where}`) });
  return { ...(health !== undefined && { health }), ...(openApi && { openApi }) };
}
