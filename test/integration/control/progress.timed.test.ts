/** A stream's progress reaches listeners at once: users who have just written something wait for it. */
import { type Control, startControl } from '@ficus/control';
import { LINK_PATHS } from '@ficus/core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { quickest } from '../proxy/rig.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let control: Control;
let stream: HandPlayedReplication;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: testConfig(database.url),
    logger: silent,
    replications: (options) => {
      stream = new HandPlayedReplication(options);
      return stream;
    },
  });
});
afterAll(async () => {
  await control?.stop();
  await database.drop();
});

it('the last of many changes arrives within 150 ms', async () => {
  const abort = new AbortController();
  const response = await fetch(control.address + LINK_PATHS.stream, { signal: abort.signal });
  let heard = '';
  const reading = (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) heard += chunk;
  })().catch(() => undefined);
  await expect.poll(() => heard).toContain('event: progress');

  const lsnAt = (position: number) => `0/${position.toString(16).toUpperCase()}`;
  // The best of several: a machine that stalls for a moment says nothing about it.
  const tookMs = await quickest(150, async (turn) => {
    const first = 0x20 + turn * 0x40;
    for (let lsn = first; lsn < first + 0x40; lsn++) stream.play({ appliedLsn: lsnAt(lsn) });
    await expect.poll(() => heard, { interval: 2 }).toContain(`"appliedLsn":"${lsnAt(first + 0x3f)}"`);
  });
  expect(tookMs).toBeLessThan(150);
  abort.abort();
  await reading;
});
