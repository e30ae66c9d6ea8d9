/**
 * x-ficus-side and x-ficus-reason tell testers who served them and why. An upstream that sends them itself, by mistake
 * or on purpose, would mislead testers: only the proxy sets fields of this name, in both directions.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { head, ok, startWireRig, type WireRig } from './wire-rig.ts';

const FORGED = ['x-ficus-side: candidate', 'X-Ficus-Reason: forged', 'x-ficus-anything: forged'];
const lines = FORGED.map((line) => `${line}\r\n`).join('');

let exposed: WireRig;
let silent: WireRig;
beforeAll(async () => {
  [exposed, silent] = [await startWireRig(), await startWireRig({ proxy: { expose: false } })];
});
afterAll(async () => {
  await exposed.close();
  await silent.close();
});
beforeEach(() => {
  for (const wire of [exposed, silent]) wire.forget();
});

function ficusFields(text: string): string[] {
  return text.split('\r\n').filter((line) => /^x-ficus-/i.test(line));
}

const OURS = ['x-ficus-side: legacy', 'x-ficus-reason: no-route'];

test.each([
  ['a plain answer', ok('fine', lines)],
  ['chunks', `HTTP/1.1 200 OK\r\n${lines}Transfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n`],
  ['an answer of HTTP/1.0', `HTTP/1.0 200 OK\r\n${lines}Content-Length: 4\r\n\r\nfine`],
  ['a field that Connection names as well', ok('fine', `Connection: x-ficus-side\r\n${lines}`)],
  ['an interim answer', `HTTP/1.1 103 Early Hints\r\n${lines}\r\n${ok('fine')}`],
  ['trailers', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n${lines}\r\n`],
])('x-ficus-forged-by-an-upstream: in %s', async (_name, answer) => {
  for (const [wire, ours] of [
    [exposed, OURS],
    [silent, []],
  ] as const) {
    wire.legacy.script = () => answer;
    const text = await wire.answer(head('GET /'));
    expect(text).toContain('fine');
    expect(ficusFields(text)).toEqual(ours);
  }
});

test('x-ficus-forged-by-an-upstream: in the refusal of an upgrade', async () => {
  silent.legacy.script = () => ok('fine', lines);
  const text = await silent.untilClosed(head('GET /', 'Connection: upgrade', 'Upgrade: websocket'));
  expect(text).toContain('fine');
  expect(ficusFields(text)).toEqual([]);
});

test('names that only look like ours are passed on', async () => {
  const others = 'x-ficus: 1\r\nx-figs-side: 1\r\nX-Frame-Options: DENY\r\nx_ficus_side: 1\r\n';
  silent.legacy.script = () => ok('fine', others);
  expect(await silent.answer(head('GET /'))).toContain(others);
});
