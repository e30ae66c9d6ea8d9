/** What the API says about a slice. The schemas are the contract: types, OpenAPI and the client come from here. */
import { z } from 'zod';

const count = z.int().min(0);
const isoTime = z.string().describe('ISO 8601 time');
const side = z.enum(['legacy', 'candidate']);

const flagView = z.object({
  percent: z
    .int()
    .min(0)
    .max(100)
    .nullable()
    .describe('null when not known: on by cohorts without a percentage, or not heard of yet'),
  changedAt: isoTime.nullable(),
});

const sideTraffic = z.object({
  requests: count,
  failures: count.describe('answers of 500 and above, and exchanges that failed'),
  meanMs: z.number().nullable(),
});

const trafficView = z.object({
  windowSeconds: z.int(),
  legacy: sideTraffic,
  candidate: sideTraffic,
  reasons: z.record(z.string(), count).describe('why a side served'),
  candidateSharePercent: z.number().nullable().describe('of reads, as measured; null without traffic'),
  shareSeconds: z.int().describe('what the share was measured over: at most since the serve flag changed'),
});

const verdictCounts = z.object({
  match: count,
  mismatch: count,
  stale: count.describe('explained by replication lag'),
  noise: count.describe('explained by rules'),
  inconclusive: count,
  skipped: count,
});

const paritySample = z.object({
  at: isoTime,
  route: z.string(),
  requestId: z.string(),
  traceId: z.string().optional(),
  verdict: z.enum(['match', 'mismatch', 'stale', 'noise', 'inconclusive', 'skipped']),
  request: z.string().describe('method and target, redacted'),
  differences: z.array(z.object({ path: z.string(), legacy: z.string(), candidate: z.string() })),
  expiredRules: z
    .array(z.string())
    .describe('rules that would have explained some of it, had they not expired'),
  curl: z.object({ legacy: z.string(), candidate: z.string() }).describe('the same request to each side'),
});

const parityView = z.object({
  since: isoTime.describe('begin of the comparison window'),
  counts: verdictCounts,
  routes: z.record(z.string(), verdictCounts),
  compared: count.describe('comparisons that count: match, noise, mismatch'),
  confirming: count.describe('differences that are asked again before they count'),
  ratio: z.number().nullable().describe('share of agreement; null while nothing was compared'),
  reasons: z.record(z.string(), count),
  differingPaths: z.array(z.object({ route: z.string(), path: z.string(), count })),
  samples: z.array(paritySample).describe('newest first'),
  expiredRules: z.array(z.string()).describe('rules of parity.ignore that do not hold any more'),
});

const problemView = z.object({ code: z.string(), message: z.string(), remedy: z.string() });

export const replicationView = z.object({
  slice: z.string(),
  state: z.enum(['starting', 'copying', 'streaming', 'standby', 'reconnecting', 'stopped']),
  appliedLsn: z.string(),
  sourceLsn: z.string(),
  lagBytes: z.number(),
  lagMs: z.number(),
  lagTransactions: count.describe('received and not yet applied'),
  missingDeletes: count.describe('deletes of rows that the candidate did not have'),
  transactionsApplied: count,
  rowsApplied: count,
  copy: z
    .object({
      rowsCopied: count,
      rowsTotal: count.describe('estimate from the catalog'),
      rowsPerSecond: z.number(),
      percent: z.number().describe('100 only when it is done'),
      timeLeftMs: z.number().nullable().describe('at the present rate; null while that is not known'),
      done: z.boolean(),
    })
    .nullable(),
  slot: z
    .object({
      name: z.string(),
      walStatus: z.string().describe('reserved, extended, unreserved (in danger) or lost'),
      retainedBytes: z.number().describe('WAL that the legacy’s database keeps for the stream'),
      roomBytes: z.number().nullable().describe('WAL until the slot is lost; null without a limit'),
    })
    .nullable()
    .describe('how the legacy’s database sees the stream; null while it has not been asked'),
  copied: z.boolean().describe('the first copy of every table is complete'),
  healthy: z.boolean().describe('it makes progress'),
  reason: z.string().nullable().describe('why it is not healthy'),
  problem: problemView.nullable(),
});

const verifyTable = z.object({
  from: z.string(),
  to: z.string(),
  rowsCompared: count.describe('keys of either side'),
  rowsSource: count,
  rowsTarget: count,
  equal: count,
  missing: count.describe('rows that the candidate lacks'),
  extra: count.describe('rows that only the candidate has'),
  different: count,
  lag: count.describe('differed at first look, equal once the stream had passed'),
  unsettled: count.describe('changed too often to be settled'),
  complete: z.boolean(),
  examples: z.array(
    z.object({ kind: z.string(), key: z.string(), rows: count, columns: z.array(z.string()) }),
  ),
});

const verifyDifference = z.object({
  from: z.string(),
  to: z.string(),
  kind: z.enum(['missing', 'extra', 'different']),
  key: z.record(z.string(), z.string().nullable()),
  rows: count.describe('rows of this key; more than one only in a table without a key'),
  columns: z.array(
    z.object({ name: z.string(), expected: z.string().nullable(), found: z.string().nullable() }),
  ),
});

export const verifyView = z.object({
  state: z.enum(['running', 'done', 'failed']),
  mode: z.enum(['full', 'changed', 'sample']).describe('which rows were compared'),
  sample: z.number().nullable().describe('about so many rows of each side were drawn; null: all of them'),
  startedAt: isoTime,
  finishedAt: isoTime.nullable(),
  rowsCompared: count.describe('of the source'),
  rowsTotal: count.describe('estimate; 0 while unknown'),
  rowsPerSecond: z.number(),
  verdict: z
    .enum(['match', 'mismatch', 'inconclusive'])
    .nullable()
    .describe('null until it is done; nothing compared is never a match'),
  equal: z.boolean().nullable().describe('true for a match, false for a mismatch, null otherwise'),
  reason: z.string().nullable().describe('why it is inconclusive'),
  tables: z.array(verifyTable),
  differences: z.array(verifyDifference).describe('bounded; values that look like secrets are redacted'),
  differencesNotListed: count,
  problem: problemView.nullable(),
});

export const sliceView = z.object({
  name: z.string(),
  team: z.string().nullable(),
  stage: z.enum(['legacy', 'shadow', 'canary', 'live', 'cutover', 'retired']),
  owner: side,
  epoch: z.int(),
  flags: z.object({
    provider: z.enum(['builtin', 'file', 'unleash']).describe('where they are kept'),
    serve: flagView,
    shadow: flagView,
  }),
  routes: z.array(
    z.object({
      id: z.string(),
      methods: z.array(z.string()),
      path: z.string(),
      kind: z.enum(['read', 'write']),
    }),
  ),
  tables: z.array(z.object({ from: z.string(), to: z.string() })),
  traffic: trafficView,
  parity: parityView,
  replication: replicationView.nullable().describe('null for a slice without tables'),
  verify: verifyView.nullable().describe('the last run; null when there was none'),
  rollback: z.object({
    answer: z.enum(['pass', 'fail', 'insufficient evidence']),
    text: z.string().describe('what the way back is, in a sentence'),
  }),
});

export const proxyView = z.object({
  proxyId: z.string(),
  workers: z.int(),
  epochs: z.record(z.string(), z.int()),
  lastReportAt: isoTime,
});

export const auditEntryView = z.object({
  id: z.int(),
  at: isoTime,
  actor: z.string(),
  action: z.string(),
  slice: z.string().nullable(),
  was: z.unknown(),
  became: z.unknown(),
  reason: z.string(),
});

export const flagChangeView = z.object({
  previous: z.int().describe('percentage before'),
  percent: z.int(),
  slice: sliceView,
});

export type FlagChangeView = z.output<typeof flagChangeView>;
export type SliceView = z.output<typeof sliceView>;
export type ReplicationView = z.output<typeof replicationView>;
export type VerifyView = z.output<typeof verifyView>;
export type ProxyInfo = z.output<typeof proxyView>;
export type AuditEntryView = z.output<typeof auditEntryView>;
