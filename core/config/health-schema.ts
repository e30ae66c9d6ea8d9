/** `health:` of an upstream: a request of the proxy's own that tells whether it is healthy, sent at intervals. */
import { z } from 'zod';
import { milliseconds } from './common-schema.ts';

/** In origin form, without a fragment. */
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/;
const LEAST_INTERVAL_MS = 100;

export const healthSchema = z
  .strictObject({
    path: z
      .string()
      .regex(TARGET, 'must be a path that begins with /, without spaces and #')
      .describe(
        'path that is asked with GET, below the base URL’s own; it answers without a caller’s credentials',
      ),
    intervalMs: milliseconds
      .min(LEAST_INTERVAL_MS, `must be ${LEAST_INTERVAL_MS} or more: it counts milliseconds`)
      .default(5000)
      .describe('time from one check of an address to the next, up to a tenth more or less'),
    timeoutMs: milliseconds
      .default(2000)
      .describe('longest time for the whole check: connection, TLS and the complete answer'),
    status: z
      .union([z.literal('2xx'), z.array(z.int().min(200).max(599)).min(1)], {
        error: 'must be 2xx, or a list of statuses such as [200, 204]',
      })
      .default('2xx')
      .describe('statuses of a healthy answer'),
    healthyAfter: z
      .int()
      .positive()
      .default(2)
      .describe('checks in a row that an unhealthy address must pass'),
    unhealthyAfter: z
      .int()
      .positive()
      .default(3)
      .describe('checks in a row that a healthy address must fail'),
  })
  .describe(
    'Active health checks, off unless configured: GET on a connection of their own to each address, sent once per proxy, not per worker',
  );

export type HealthConfig = z.output<typeof healthSchema>;
