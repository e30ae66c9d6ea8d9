/**
 * A request's fields are read once when it is accepted and once when its head is built; a copy is made from the fields
 * that were sent. Each further pass costs every request, and may read them differently from the previous one.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LeanRequest } from '../../../proxy/accept/lean-request.ts';
import { nodeInternals } from '../../../proxy/wire/node-internals.ts';
import { type Rig, startRig, until } from './rig.ts';

interface Hook {
  _addHeaderLines(headers: string[], count: number): void;
}

const lean = LeanRequest.prototype as unknown as Hook;
const addHeaderLines = lean._addHeaderLines;
/** Of the last request read. */
let passes = 0;

/** The fields, with each pass counted: it begins with the first name. */
function counted(headers: string[]): string[] {
  passes = 0;
  return new Proxy(headers, {
    get(target, key) {
      if (key === '0') passes += 1;
      return Reflect.get(target, key) as unknown;
    },
  });
}

let rig: Rig;
beforeEach(() => {
  lean._addHeaderLines = function (this: Hook, headers, count) {
    addHeaderLines.call(this, counted(headers), count);
  };
});
afterEach(async () => {
  lean._addHeaderLines = addHeaderLines;
  await rig.close();
});

test.runIf(nodeInternals.requests)('two passes for a GET, with a shadow as well', async () => {
  rig = await startRig();
  await rig.get('/api/notes', { cookie: 'sid=ann' });
  expect(passes).toBe(2);
  await rig.close();
  rig = await startRig({ shadow: 100 });
  await rig.get('/api/notes', { cookie: 'sid=ann' });
  await until(() => rig.observations.length === 1, 'observed');
  expect(passes).toBe(2);
});
