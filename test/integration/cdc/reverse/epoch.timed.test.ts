/** A cutover raises the epoch while writes are held: a stream that runs has it within milliseconds. */
import { expect, inject, test } from 'vitest';
import { startStreamedPair } from '../rig/streamed-pair.ts';

test('ten epochs in a second: none waits for a heartbeat', async () => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY)';
  const pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: table,
    targetSql: table,
    tables: [{ from: 'item', to: 'item' }],
    options: { epoch: 1 },
  });
  try {
    await pair.settle();
    const began = performance.now();
    for (let epoch = 2; epoch <= 11; epoch += 1) {
      expect(await pair.replication.changeEpoch(epoch, 5_000)).toBe(true);
      // The stream is idle again: the next one has to wake it.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(performance.now() - began).toBeLessThan(1_000);
  } finally {
    await pair.drop();
  }
});
