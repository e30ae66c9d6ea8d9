/**
 * Shapes of what proxies send; the types are core's, and the compiler checks that both agree. An observation may be
 * sent to an upstream again, so it must be a valid request.
 */
import {
  type ConfigRefusal,
  type EncodedObservation,
  type HoldReport,
  LARGEST_COUNT,
  LARGEST_DURATION_MS,
  type PositionsRequest,
  type ProxyReport,
} from '@ficus/core';
import { z } from 'zod';

/** Within a report; sums of millions of them stay exact. */
const count = z.int().min(0).max(LARGEST_COUNT);
const durationMs = z.number().min(0).max(LARGEST_DURATION_MS);
/**
 * One small body must not cost seconds: the maximum is checked before the elements, and the first wrong element is the last
 * that is looked at.
 */
const listOf = <Item extends z.ZodType>(item: Item, most: number) =>
  z
    .array(z.unknown())
    .max(most)
    .transform((elements, context) => {
      const list: z.output<Item>[] = [];
      for (const [at, element] of elements.entries()) {
        const { data, error } = item.safeParse(element);
        for (const issue of error?.issues ?? [])
          context.addIssue({ code: 'custom', message: issue.message, path: [at, ...issue.path] });
        if (error) return z.NEVER;
        list.push(data as z.output<Item>);
      }
      return list;
    });
/** For the same reason: members are counted before they are looked at. */
const withFewMembers = <Whole extends z.ZodType>(whole: Whole, most: number) =>
  z
    .unknown()
    .refine((value) => !hasMoreMembers(value, most), `must not have more than ${most} members`)
    .pipe(whole as z.ZodType<z.output<Whole>>);

function hasMoreMembers(value: unknown, most: number): boolean {
  let members = 0;
  for (const _ in Object(value)) if (++members > most) return true;
  return false;
}

/** Slice → number. */
const bySlice = (number: z.ZodInt) => withFewMembers(z.record(z.string().max(200), number), 10_000);
/** https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LATEST_DATE_MS = 8.64e15;
const timeMs = z.number().min(0).max(LATEST_DATE_MS);
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
/** Its bytes are counted before its fields are looked at: their comparison takes as long as they are. */
const headOf = (mostFields: number, mostBytes: number) =>
  z
    .unknown()
    .refine((fields) => bytesOf(fields) <= mostBytes, `must not have more than ${mostBytes} bytes`)
    .pipe(listOf(z.tuple([token, fieldValue]), mostFields));

function bytesOf(fields: unknown): number {
  let bytes = 0;
  for (const text of Array.isArray(fields) ? fields.flat() : [])
    if (typeof text === 'string') bytes += text.length;
  return bytes;
}

/** The proxy refuses larger answers. */
const answerHead = headOf(512, 65_536);
/** What `proxy.limits` of a proxy may allow, with room. */
const requestHead = headOf(2_000, 262_144);

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
  epochs: bySlice(z.int().min(0)),
  failingChecks: z
    .object({ legacy: z.boolean(), candidates: listOf(z.string().max(200), 10_000) })
    .optional(),
  breakersOpen: bySlice(z.int().min(0).max(10_000)).optional(),
  breakersOnErrors: bySlice(z.int().min(0).max(10_000)).optional(),
  configRefused: configRefused.nullish(),
  busy: withFewMembers(
    z.record(
      z.string().max(200),
      listOf(
        z.tuple([timeMs, timeMs]).refine(([from, to]) => from <= to, 'must not end before it begins'),
        100_000,
      ),
    ),
    10_000,
  ).optional(),
  busyUntilMs: timeMs.optional(),
  clockMs: timeMs.optional(),
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

const sliceHold = z
  .object({
    attempt: z.int().min(1),
    writes: z.enum(['leased', 'held']),
    inFlight: count,
    orphaned: count.optional(),
    held: count,
    heldBytes: count,
    full: z.boolean(),
    endless: withFewMembers(z.record(word, count), 1_000).optional(),
  })
  .refine(({ orphaned = 0, inFlight }) => orphaned <= inFlight, {
    path: ['orphaned'],
    message: 'must not be more than inFlight',
  });

export const holdsBody = z.object({
  proxyId: z.string().min(1).max(200),
  number: z.int().min(1),
  slices: withFewMembers(z.record(word, sliceHold), 10_000),
}) satisfies z.ZodType<HoldReport>;

const response = withFewMembers(
  z.union([
    z.strictObject({ failed: z.string().max(1000), durationMs }),
    z.strictObject({
      status: z.int().min(100).max(999),
      headers: answerHead,
      body: z.base64(),
      truncated: z.boolean(),
      durationMs,
    }),
  ]),
  10,
);

const caller = withFewMembers(
  z.union([
    z.literal('anonymous'),
    z.strictObject({ user: z.string().min(1).max(32_768), tenant: z.string().max(32_768).optional() }),
  ]),
  10,
);

/** Strict: an unknown member might change who called or what was asked. */
export const observationBody = withFewMembers(
  z.strictObject({
    slice: name,
    route: name,
    requestId: name,
    traceId: name.optional(),
    /** Milliseconds since the epoch. */
    at: timeMs,
    method: token,
    httpVersion: z.enum(['1.0', '1.1']),
    target,
    targets: withFewMembers(z.strictObject({ legacy: target, candidate: target }), 10),
    requestHeaders: requestHead,
    caller,
    servedBy: side,
    owner: side,
    epoch: z.int().min(1),
    pinned: z.boolean(),
    legacy: response,
    candidate: response,
    seal: z.string().max(100).optional(),
  }),
  100,
) satisfies z.ZodType<EncodedObservation>;

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
