/** Probes and metrics for the API's description; health-routes.ts answers them. */
import { KEY_SET_PATH } from '@ficus/proxy';
import { z } from 'zod';
import type { Probe } from '../http/probe.ts';

export const PROBES: readonly Probe[] = [
  {
    path: '/healthz',
    id: 'getHealth',
    summary: 'Whether the process answers',
    type: 'application/json',
    answer: z.object({
      status: z.literal('ok'),
      now: z.iso.datetime().describe('its clock, by which x-ficus-expires of a change counts'),
    }),
    statuses: { 200: 'It answers' },
  },
  {
    path: '/readyz',
    id: 'getReadiness',
    summary:
      'Whether the database takes writes, every stream makes progress, and no unused slot and no cutover without its slice is left',
    type: 'application/json',
    answer: z.object({
      ready: z.boolean(),
      checks: z
        .record(z.string(), z.string())
        .describe(
          '`ok`, or why not, for the database, each stream, each slot that is left, each interrupted cutover that the config does not let end; without a token of role `read`, where there are tokens, only a code',
        ),
      config: z
        .string()
        .describe(
          '`ok`, or since when the changed config file is refused or waits for a restart, and why; this alone is not “not ready”',
        ),
    }),
    statuses: { 200: 'All is well', 503: 'Something is not ready: see the checks' },
  },
  {
    path: KEY_SET_PATH,
    id: 'getKeySet',
    summary: 'The public keys of identity assertions (`proxy.identify.assert.keys`), for candidates',
    type: 'application/jwk-set+json',
    answer: z.object({
      keys: z.array(
        z.object({
          kty: z.string(),
          crv: z.string(),
          x: z.string(),
          y: z.string().optional(),
          kid: z.string(),
          alg: z.enum(['EdDSA', 'ES256']),
          use: z.literal('sig'),
        }),
      ),
    }),
    statuses: { 200: 'All keys that may have signed; none where a shared secret signs' },
  },
  {
    path: '/metrics',
    id: 'getMetrics',
    summary: 'Prometheus text format 0.0.4',
    type: 'text/plain',
    answer: z.string(),
    statuses: { 200: 'All metrics of the control plane' },
  },
];
