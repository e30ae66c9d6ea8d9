/** What the API returns about a comparison of both databases. */
import { z } from 'zod';
import { count, isoTime, problemView } from './common-view.ts';

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
  lag: count.describe('differed at first, equal once the stream had caught up'),
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
  mode: z.enum(['full', 'changed', 'recent', 'sample']).describe('which rows were compared'),
  sample: z.number().nullable().describe('size of the random sample per side, about; null: all rows'),
  startedAt: isoTime,
  version: z.string().nullable().describe('current version of the candidate at the end; null while unknown'),
  ofEarlierVersion: z.boolean().describe('the candidate has another version now'),
  finishedAt: isoTime.nullable(),
  rowsCompared: count.describe('of the source'),
  rowsTotal: count.describe('estimate; 0 while unknown'),
  rowsPerSecond: z.number(),
  verdict: z
    .enum(['match', 'mismatch', 'inconclusive'])
    .nullable()
    .describe('null until the run is done; nothing compared is never a match'),
  equal: z.boolean().nullable().describe('true for a match, false for a mismatch, null otherwise'),
  reason: z.string().nullable().describe('why it is inconclusive'),
  nothingChanged: z
    .boolean()
    .describe('no row has changed since the last full comparison: nothing had to be compared'),
  tables: z.array(verifyTable),
  differences: z
    .array(verifyDifference)
    .describe(
      'bounded; values are replaced by stand-ins of the same shape, keys are shown when they are numbers, UUIDs or codes',
    ),
  differencesNotListed: count,
  problem: problemView.nullable(),
});

export type VerifyView = z.output<typeof verifyView>;
