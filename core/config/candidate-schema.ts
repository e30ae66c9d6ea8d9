/** A slice's `candidate:`, an upstream like the legacy, and which of the caller's credentials it gets. */
import { z } from 'zod';
import { upstreamSchema } from './upstream-schema.ts';

export const candidateSchema = upstreamSchema.extend({
  credentials: z
    .array(z.enum(['session', 'authorization']))
    .optional()
    .describe(
      'credentials that the service gets: session (cookies and headers by which proxy.identify knows the caller), authorization (the Authorization header). By default neither: the service learns the caller from proxy.identify.assert',
    ),
});

export type CandidateConfig = z.output<typeof candidateSchema>;
