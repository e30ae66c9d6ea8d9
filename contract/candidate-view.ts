/** What the API returns about a slice's candidate as the proxies see it. */
import { z } from 'zod';
import { count, isoTime } from './common-view.ts';

export const candidateView = z.object({
  state: z
    .enum(['answers', 'fails', 'unknown'])
    .describe(
      'fails: it does not answer, or with errors; unknown: nothing was sent to it since the control plane started; answers: also when the breakers of some workers are open',
    ),
  failingSince: isoTime.nullable().describe('since when it fails, or not all workers have answers'),
  failure: z.string().nullable().describe('how it fails, in a few words; null while it does not'),
  askedAt: isoTime.nullable().describe('when something was last known to be sent to it'),
  answeredAt: isoTime.nullable().describe('its last known answer'),
  breakersOpen: count.describe('workers of proxies whose circuit breaker for it is open'),
  failingChecks: count.describe('proxies whose health checks it fails'),
  text: z.string().nullable().describe('what is wrong, and who serves its requests; null while nothing is'),
});

export type CandidateView = z.output<typeof candidateView>;
