/**
 * The same bytes directly to an upstream and through the proxy: what the upstream receives and what the client gets is
 * the same, byte for byte, except for what the proxy adds to every request and what a case explains.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rawClient } from '../integration/forward/forwarder-rig.ts';
import { CASES, type Change, type DifferentialCase } from './differential-cases.ts';
import { startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig({ proxy: { expose: false } });
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

/** On every request, behind the client's own fields. */
const ADDED = [
  /X-Forwarded-For: 127\.0\.0\.1\r\n/,
  /X-Forwarded-Proto: http\r\n/,
  /X-Forwarded-Host: [^\r]*\r\n/,
  /x-request-id: [0-9a-f]{32}\r\n/,
  /traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n/,
  /Via: 1\.1 ficus\r\n/,
];

interface Exchange {
  /** What the upstream received. */
  readonly request: string;
  /** What the client received. */
  readonly response: string;
}

/** @param expected what the client should receive: awaited, and judged by the test when it does not arrive */
async function exchange(
  port: number,
  { request, answer, closes }: DifferentialCase,
  expected: string,
): Promise<Exchange> {
  wire.forget();
  wire.legacy.script = (_request, socket) => {
    const bytes = Buffer.from(answer, 'latin1');
    if (closes) socket.end(bytes);
    else socket.write(bytes);
    return undefined;
  };
  const client = await rawClient(port, request);
  await client.until((text) => anyDate(text) === expected).catch(() => {});
  client.close();
  expect(wire.legacy.nonsense).toEqual([]);
  expect(wire.legacy.requests).toHaveLength(1);
  return { request: wire.legacy.requests[0]!.raw, response: anyDate(client.text) };
}

/** The upstreams here say `Date: D`; any other is the proxy's own. */
function anyDate(text: string): string {
  return text.replace(/Date: (?!D\r)[^\r]*/, 'Date: *');
}

function changed(text: string, changes: readonly Change[] = []): string {
  return changes.reduce((before, { from, to }) => {
    const after = before.replace(from, to);
    // An explanation must match a real difference.
    expect(after).not.toBe(before);
    return after;
  }, text);
}

/** The request without the proxy's additions, all of which must be present. */
function withoutAdded(request: string): string {
  return ADDED.reduce((before, field) => {
    expect(before).toMatch(field);
    return before.replace(field, '');
  }, request);
}

describe('directly and through the proxy', () => {
  test.each(CASES)('$name', async (each) => {
    const straight = await exchange(wire.legacy.port, each, each.answer);
    expect(straight).toEqual({ request: each.request, response: each.answer });
    const response = changed(each.answer, each.onTheWayBack);
    const through = await exchange(wire.port, each, response);
    expect(withoutAdded(through.request)).toBe(changed(each.request, each.onTheWay));
    expect(through.response).toBe(response);
  });
});
