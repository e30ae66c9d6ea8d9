/** What the API returns about the comparison of a slice's answers. */
import { VERDICT_KINDS, type VerdictKind } from '@ficus/core';
import { z } from 'zod';
import { count, isoTime } from './common-view.ts';

/** A new kind of verdict does not compile before it is listed here. */
const verdictCounts = z.object({
  match: count,
  mismatch: count,
  stale: count.describe('explained by replication lag'),
  noise: count.describe('explained by rules'),
  inconclusive: count,
  skipped: count,
} satisfies Record<VerdictKind, z.ZodType>);

const paritySample = z.object({
  at: isoTime,
  route: z.string(),
  requestId: z.string(),
  traceId: z.string().optional(),
  verdict: z.enum(VERDICT_KINDS),
  request: z.string().describe('method and target, with stand-ins for parameters'),
  differences: z
    .array(z.object({ path: z.string(), legacy: z.string(), candidate: z.string() }))
    .describe('values in ‹…› are stand-ins of the same shape'),
  expiredRules: z.array(z.string()).describe('expired rules that would have explained part of it'),
  curl: z
    .object({ legacy: z.string(), candidate: z.string() })
    .describe('the same request to each side; $FICUS_… are for the reader to fill in'),
});

const versionName = z.string().nullable().describe('of the candidate; null while it does not say');

const earlierEvidence = z.object({
  version: versionName,
  since: isoTime,
  lastComparedAt: isoTime.nullable(),
  counts: verdictCounts,
  compared: count,
  ratio: z.number().nullable(),
});

export const parityView = z.object({
  version: versionName,
  earlier: z
    .array(earlierEvidence)
    .describe('about earlier versions of the candidate, newest first; it does not count as agreement'),
  since: isoTime.describe('start of the comparison window'),
  lastComparedAt: isoTime.nullable().describe('age of the evidence; null while nothing was compared'),
  counts: verdictCounts,
  routes: z.record(z.string(), verdictCounts),
  compared: count.describe('comparisons that count: match, noise, mismatch'),
  confirming: count.describe('differences that are compared again before they count'),
  ratio: z
    .number()
    .nullable()
    .describe('share of matches; what rules explain (noise) is none; null while nothing was compared'),
  uncompared: z.array(z.string()).describe('reads of which nothing was compared; writes never are'),
  reasons: z.record(z.string(), count),
  differingPaths: z.array(z.object({ route: z.string(), path: z.string(), count })),
  samples: z.array(paritySample).describe('newest first'),
  expiredRules: z.array(z.string()).describe('expired rules of parity.ignore'),
});
