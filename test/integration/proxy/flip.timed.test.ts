/** A flip reaches the decision within 200 ms, alone and under load on several workers. */
import { Agent, request } from 'node:http';
import { percentFlag } from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { type FakeControl, noteFlags, quickest, type Rig, startFakeControl, startRig, until } from './rig.ts';

let control: FakeControl;
let rig: Rig;

beforeEach(async () => {
  control = await startFakeControl(noteFlags(100, 0));
});
afterEach(async () => {
  await rig.close();
  await control.close();
});

function flipTo(turn: number): 'legacy' | 'candidate' {
  const side = turn % 2 === 0 ? 'legacy' : 'candidate';
  control.setFlag(percentFlag('notes.serve', 'notes', side === 'legacy' ? 0 : 100));
  return side;
}

/** On a connection of its own, so that the workers take turns. */
function sideOf(user: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { agent: new Agent(), headers: { cookie: `sid=${user}` } };
    const sent = request(`${rig.url}/api/notes`, options, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.headers['x-ficus-side'])));
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('a flip reaches the decision within 200 ms', async () => {
  rig = await startRig({ control });
  const took = await quickest(200, async (turn) => {
    const side = flipTo(turn);
    await until(async () => (await rig.get('/api/notes', { cookie: 'sid=bob' })).side === side, 'flipped');
  });
  expect(took).toBeLessThan(200);
});

test('a flip reaches all workers within 200 ms, and fails no request', async () => {
  rig = await startRig({
    control,
    proxy: { workers: 2, accessLog: { sample: 0 } },
    start: { inProcess: false },
  });
  const load = startLoad(rig.url, '/api/notes', 6);
  await until(() => load.figures.answered > 100, 'load runs');
  const flip = async (turn: number): Promise<void> => {
    const side = flipTo(turn);
    await until(async () => {
      const sides = await Promise.all(Array.from({ length: 6 }, () => sideOf('ann')));
      return sides.every((read) => read === side);
    }, `all serve from the ${side}`);
  };
  expect(await quickest(200, flip)).toBeLessThan(200);
  await flip(0);
  await flip(1);
  expect((await load.stop()).failures).toEqual([]);
});
