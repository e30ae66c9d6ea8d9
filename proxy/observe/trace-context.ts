/**
 * Request ids and W3C trace context: what the client sent is passed on when it is well formed, else replaced.
 * Random hexadecimal digits come from a pool, so that making ids costs a slice of a string.
 */
import { randomFillSync } from 'node:crypto';

const REQUEST_ID = /^[A-Za-z0-9._:+/=@-]{1,128}$/;
/**
 * https://www.w3.org/TR/trace-context/#traceparent-header: version 00 exactly, later versions may be longer.
 */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

const pool = Buffer.alloc(8192);
let digits = '';
let used = 0;

/** @param count hexadecimal digits, 64 at most */
export function randomDigits(count: number): string {
  if (used + count > digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  used += count;
  return digits.slice(used - count, used);
}

export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

export function isTraceparent(text: string): boolean {
  return TRACEPARENT.test(text);
}

/**
 * Begins a trace. The sampled flag is set: services behind decide with their own samplers what they record.
 */
export function makeTraceparent(traceId: string): string {
  return `00-${traceId}-${randomDigits(16)}-01`;
}

/** Whether the spans of a well-formed traceparent are recorded: its lowest flag. */
export function isRecorded(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1;
}

/** The trace id of a well-formed traceparent. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
