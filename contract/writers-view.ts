/** What the API returns about who writes a slice's tables. */
import { z } from 'zod';
import { count, isoTime, sideName } from './common-view.ts';

const answer = z.enum(['pass', 'fail', 'insufficient evidence']);

const fenceSide = z.object({
  side: sideName,
  mode: z
    .enum(['armed', 'observe', 'hold', 'moved'])
    .nullable()
    .describe('of its fence, as last read; null without one, or before it was read'),
  problem: z.string().nullable().describe('why the fence cannot be read'),
  gaps: z.array(z.string()).describe('tables whose writers the fence does not see, and why'),
});

const writerView = z.object({
  side: sideName,
  user: z.string(),
  application: z.string().describe('application_name of its connections; may be empty'),
  address: z.string().nullable().describe('null for a local socket'),
  explained: z.boolean(),
  verdict: z
    .enum(['proxied', 'declared', 'undeclared', 'outside', 'unjudged', 'unexpected'])
    .describe(
      'proxied: a declared pool, each write within a proxied one · declared: via other · undeclared: no entry matches · outside: a declared pool that wrote while no proxied write was under way · unjudged: a declared pool that wrote while a proxy had not reported · unexpected: it wrote on the side that does not own the slice',
    ),
  text: z.string().describe('why, in one or two sentences'),
  declare: z
    .string()
    .nullable()
    .describe('the line for slices.NAME.writers that would explain it; null where none could'),
  firstSeenAt: isoTime,
  lastSeenAt: isoTime,
  sessions: count.describe('different sessions; counted up to 100'),
  tables: z.array(z.string()),
  statements: z.array(z.enum(['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])),
  notes: z
    .object({ inside: count, outside: count, unknown: count })
    .describe(
      'writes recorded, at most one a minute and session: within a proxied write, outside of all, or not known',
    ),
  sample: z.string().describe('a statement without its values'),
});

export const writersView = z.object({
  slice: z.string(),
  owner: sideName,
  answer: answer.describe('whether a cutover may begin, as far as writers are concerned'),
  text: z.string(),
  reasons: z.array(z.string()).describe('all that is missing or wrong; empty when it passes'),
  observing: z.boolean(),
  since: isoTime.nullable().describe('when the observation began; null when there is none'),
  readAt: isoTime.nullable().describe('when both fences were last read'),
  observedMs: count,
  requiredMs: count.describe('slices.NAME.writersObservedMs'),
  unexplained: count,
  unlistedNotes: count.describe('notes of writers beyond the 500 that are listed'),
  proxies: z.object({
    listed: count.describe('proxies that reported within the last minute'),
    reporting: count.describe('those of them that report when they write'),
  }),
  sides: z.array(fenceSide),
  writers: z.array(writerView).describe('unexplained ones first'),
});

/** In the view of a slice. */
export const writersSummary = z.object({
  answer,
  observing: z.boolean(),
  observedMs: count,
  unexplained: count,
  text: z.string().describe('in a few words: 2 unexplained, observed for 3 h'),
});

export type WritersView = z.output<typeof writersView>;
export type WritersSummary = z.output<typeof writersSummary>;
