/** What the API returns about a change: who made it, when, from what, to what, why. */
import { z } from 'zod';
import { isoTime } from './common-view.ts';

export const auditEntryView = z.object({
  id: z.int(),
  at: isoTime,
  actor: z.string(),
  action: z.string(),
  slice: z.string().nullable(),
  was: z.unknown(),
  became: z.unknown(),
  reason: z.string(),
  outcome: z
    .enum(['made', 'refused', 'unknown'])
    .describe('unknown: in progress, or possibly made, completely or in part'),
});

export type AuditEntryView = z.output<typeof auditEntryView>;
