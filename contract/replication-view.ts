/** What the API returns about a slice's change stream and first copy. */
import { z } from 'zod';
import { count, problemView } from './common-view.ts';

export const replicationView = z.object({
  slice: z.string(),
  state: z.enum(['starting', 'copying', 'streaming', 'standby', 'reconnecting', 'stopped']),
  appliedLsn: z.string(),
  sourceLsn: z.string(),
  lagBytes: z
    .number()
    .nullable()
    .describe('WAL to go; while the stream does not run, as its slot was last seen; null while unknown'),
  lagMs: z.number(),
  lagTransactions: count
    .nullable()
    .describe('received and not yet applied; null while the stream does not run'),
  missingDeletes: count.describe('deletes of rows that the candidate did not have'),
  transactionsApplied: count,
  rowsApplied: count,
  copy: z
    .object({
      rowsCopied: count,
      rowsTotal: count.describe('estimate from the catalog'),
      rowsPerSecond: z.number(),
      percent: z.number().describe('100 only when it is done'),
      timeLeftMs: z.number().nullable().describe('at the current rate; null while unknown'),
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
    .describe('the stream as the legacy’s database sees it; null until it was read'),
  copied: z
    .boolean()
    .describe(
      'the first copy of every table is complete; false also while that is not known, which `reason` says',
    ),
  healthy: z.boolean().describe('it makes progress'),
  reason: z.string().nullable().describe('why it is not healthy'),
  problem: problemView.nullable(),
});

/** What a request to copy has begun. */
export const copyView = replicationView.extend({
  emptied: z
    .array(z.object({ table: z.string(), rows: count }))
    .describe(
      'tables of the candidate that were emptied first, with the rows that they had, counted up to 100,000 (100,001: more)',
    ),
});

export const leftoverView = z.object({
  slot: z
    .string()
    .nullable()
    .describe(
      'null: no slot or publication, but an interrupted cutover or rollback that the config does not let end',
    ),
  slice: z.string().nullable().describe('null: not known to this installation, perhaps another’s'),
  database: z.string().describe('host:port/name'),
  retainedBytes: z.number().nullable().describe('WAL kept for it; null without a slot, or while unknown'),
  message: z.string(),
  remedy: z.string().describe('command or SQL that removes it'),
});

export type LeftoverView = z.output<typeof leftoverView>;
export type CopyView = z.output<typeof copyView>;
export type ReplicationView = z.output<typeof replicationView>;
