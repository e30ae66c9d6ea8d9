/** A stream's progress reaches listeners at once: users who have just written something wait for it. */
import { type Control, startControl } from '@ficus/control';
import { LINK_PATHS } from '@ficus/core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
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

  const began = performance.now();
  for (let lsn = 0x20; lsn < 0x60; lsn++) stream.play({ appliedLsn: `0/${lsn.toString(16).toUpperCase()}` });
  await expect.poll(() => heard, { interval: 2 }).toContain('"appliedLsn":"0/5F"');
  expect(performance.now() - began).toBeLessThan(150);
  abort.abort();
  await reading;
});
