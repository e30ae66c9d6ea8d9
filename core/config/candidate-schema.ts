/** A slice's `candidate:`, an upstream like the legacy, and which of the caller's credentials it gets. */
import { z } from 'zod';
import { upstreamSchema } from './upstream-schema.ts';

/** How a candidate's version may read, in the config and in its answers. */
export const CANDIDATE_VERSION = /^[\x21-\x7e](?:[\x20-\x7e]{0,98}[\x21-\x7e])?$/;

export const candidateSchema = upstreamSchema
  .extend({
    version: z
      .string()
      .regex(CANDIDATE_VERSION, 'must be 1 to 100 printable ASCII characters')
      .optional()
      .describe(
        'the version that is deployed, set with each deployment: what was compared with another version does not count as agreement',
      ),
    versionHeader: z
      .string()
      .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'must be the name of a header')
      .transform((name) => name.toLowerCase())
      .optional()
      .describe(
        'header of the candidate’s answers that says its version, in place of `version`; it is read from copies, and not compared',
      ),
    credentials: z
      .array(z.enum(['session', 'authorization']))
      .optional()
      .describe(
        'credentials that the service gets: session (cookies and headers by which proxy.identify knows the caller), authorization (the Authorization header). By default neither: the service learns the caller from proxy.identify.assert',
      ),
  })
  .refine(({ version, versionHeader }) => version === undefined || versionHeader === undefined, {
    path: ['versionHeader'],
    message: 'and version exclude each other: the version is fixed, or the candidate says it',
  });

export type CandidateConfig = z.output<typeof candidateSchema>;
