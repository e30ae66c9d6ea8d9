/**
 * Shapes of what proxies send; the types are core's, and the compiler checks that both agree. An observation may be
 * sent to an upstream again, so it must be a valid request.
 */
import {
  type ConfigRefusal,
  type EncodedObservation,
  LARGEST_COUNT,
  LARGEST_DURATION_MS,
  type PositionsRequest,
  type ProxyReport,
} from '@ficus/core';
import { z } from 'zod';

/** Within a report; sums of millions of them stay exact. */
const count = z.int().min(0).max(LARGEST_COUNT);
const durationMs = z.number().min(0).max(LARGEST_DURATION_MS);
/** A maximum that is checked before the elements: one small body must not cost seconds. */
const listOf = <Item extends z.ZodType>(item: Item, most: number) =>
  z.array(z.unknown()).max(most).pipe(z.array(item));
const side = z.enum(['legacy', 'candidate']);
/** Of any length: node:http bounds the head of a request as a whole. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const token = z.string().regex(TOKEN, 'must be a token (RFC 9110 section 5.6.2)');
const fieldValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'must be a field value');
const target = z
  .string()
  .max(65_536)
  .regex(/^\/[\x21-\x7e\x80-\xff]*$/, 'must be a target in origin form');
const word = z.string().max(200);
const name = word.min(1);
const headers = z.array(z.tuple([token, fieldValue])).max(2000);

/** https://www.w3.org/TR/trace-context/#traceparent-header, as the proxy's own spans have it. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

const tracedWrite = z.object({
  slice: word,
  traceparent: z.string().regex(TRACEPARENT, 'must be a traceparent of version 00'),
  after: z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i, 'must be an LSN, X/Y'),
});

export const positionsBody = z.object({
  slices: listOf(z.string(), 10_000),
  writes: listOf(tracedWrite, 1_000).optional(),
}) satisfies z.ZodType<PositionsRequest>;

const configRefused = z.object({
  since: z.iso.datetime(),
  count: z.int().min(1),
  problems: listOf(z.object({ path: z.string().max(500), message: z.string().max(500) }), 20),
  needsRestart: z.boolean().optional(),
}) satisfies z.ZodType<ConfigRefusal>;

export const reportBody = z.object({
  proxyId: z.string().min(1).max(200),
  number: z.int().min(1).optional(),
  name: z.string().min(1).max(400).optional(),
  workers: z.int().min(0).max(10_000),
  epochs: z.record(z.string().max(200), z.int().min(0)),
  failingChecks: z
    .object({ legacy: z.boolean(), candidates: listOf(z.string().max(200), 10_000) })
    .optional(),
  breakersOpen: z.record(z.string().max(200), z.int().min(0).max(10_000)).optional(),
  breakersOnErrors: z.record(z.string().max(200), z.int().min(0).max(10_000)).optional(),
  configRefused: configRefused.nullish(),
  traffic: listOf(
    z
      .object({
        ...{ slice: word, route: word, side, reason: word },
        ...{ requests: count, failures: count, durationMs },
      })
      .refine(({ requests, failures }) => failures <= requests, {
        path: ['failures'],
        message: 'must not be more than requests',
      }),
    100_000,
  ),
  droppedCopies: listOf(z.object({ slice: word, reason: word, copies: count }), 10_000),
}) satisfies z.ZodType<ProxyReport>;

const response = z.union([
  z.strictObject({ failed: z.string().max(1000), durationMs }),
  z.strictObject({
    status: z.int().min(100).max(999),
    headers,
    body: z.base64(),
    truncated: z.boolean(),
    durationMs,
  }),
]);

const caller = z.union([
  z.literal('anonymous'),
  z.strictObject({ user: z.string().min(1).max(32_768), tenant: z.string().max(32_768).optional() }),
]);

/** Strict: an unknown member might change who called or what was asked. */
export const observationBody = z.strictObject({
  slice: name,
  route: name,
  requestId: name,
  traceId: name.optional(),
  /** Milliseconds since the epoch. */
  at: z.number().min(0),
  method: token,
  httpVersion: z.enum(['1.0', '1.1']),
  target,
  targets: z.strictObject({ legacy: target, candidate: target }),
  requestHeaders: headers,
  caller,
  servedBy: side,
  owner: side,
  epoch: z.int().min(1),
  pinned: z.boolean(),
  legacy: response,
  candidate: response,
  seal: z.string().max(100).optional(),
}) satisfies z.ZodType<EncodedObservation>;

/** Only the envelope: parse-observations.ts checks each observation by itself. */
export const observationBatchBody = z.object({
  sender: name.optional(),
  number: z.int().min(1).optional(),
  observations: z.array(z.unknown()).max(10_000),
});

/** Of a batch that is sent again: without a number nothing could be said of it. */
export const repeatedBatchBody = observationBatchBody.extend({
  sender: name,
  number: z.int().min(1),
  firstSentMs: z.number().min(0),
});
