/** Shapes of what proxies send; the types are core's, and the compiler holds the two together. */
import type { EncodedObservation, PositionsRequest, ProxyReport } from '@ficus/core';
import { z } from 'zod';

const count = z.number().min(0);
const side = z.enum(['legacy', 'candidate']);
const headers = z.array(z.tuple([z.string(), z.string()]));

export const positionsBody = z.object({
  slices: z.array(z.string()).max(10_000),
}) satisfies z.ZodType<PositionsRequest>;

export const reportBody = z.object({
  proxyId: z.string().min(1).max(200),
  workers: z.int().min(0),
  epochs: z.record(z.string(), z.number()),
  traffic: z.array(
    z.object({
      slice: z.string(),
      route: z.string(),
      side,
      reason: z.string(),
      requests: count,
      failures: count,
      durationMs: count,
    }),
  ),
  droppedCopies: z.array(z.object({ slice: z.string(), reason: z.string(), copies: count })),
}) satisfies z.ZodType<ProxyReport>;

const response = z.union([
  z.object({ failed: z.string(), durationMs: count }),
  z.object({
    status: z.int(),
    headers,
    body: z.string().describe('base64'),
    truncated: z.boolean(),
    durationMs: count,
  }),
]);

export const observationBatchBody = z.object({
  observations: z.array(
    z.object({
      slice: z.string(),
      route: z.string(),
      requestId: z.string(),
      traceId: z.string().optional(),
      at: z.number(),
      method: z.string(),
      target: z.string(),
      requestHeaders: headers,
      servedBy: side,
      legacy: response,
      candidate: response,
    }) satisfies z.ZodType<EncodedObservation>,
  ),
});
