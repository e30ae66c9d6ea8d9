/** What the API returns about the monolith as the proxies see it: the same for every slice. */
import { z } from 'zod';
import { count } from './common-view.ts';

export const legacyView = z.object({
  failingChecks: count.describe('proxies whose health checks it fails'),
  text: z.string().nullable().describe('what is wrong; null while nothing is'),
});

export type LegacyView = z.output<typeof legacyView>;
