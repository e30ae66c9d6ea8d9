/** Flags that are kept in a file: shown as they are, never changed from here. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { startControl } from '@ficus/control';
import { percentFlag } from '@ficus/core';
import { expect, inject, it } from 'vitest';
import { createTestDatabase, HandPlayedReplication, silent, testConfig } from './fixture.ts';

it('shows the stage that the file’s flags amount to, and refuses to flip them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ficus-flags-'));
  const file = join(directory, 'flags.json');
  const write = (...features: object[]) => writeFile(file, JSON.stringify({ version: 2, features }));
  await write(percentFlag('notes.serve', 'notes', 40));
  const database = await createTestDatabase(inject('postgresPort'));
  const control = await startControl({
    config: testConfig(database.url, { flags: { provider: 'file', file } }),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
  });
  try {
    const client = createControlClient(control.address);
    const seen = async () => {
      const { stage, flags } = await client.slice('notes');
      return { stage, serve: flags.serve.percent, provider: flags.provider };
    };
    await expect.poll(seen).toEqual({ stage: 'canary', serve: 40, provider: 'file' });
    await expect(client.setServe('notes', { percent: 1 })).rejects.toMatchObject({
      code: 'FICUS_CONTROL_FLAGS_ELSEWHERE',
    });
    await write({
      name: 'notes.serve',
      enabled: true,
      strategies: [{ name: 'userWithId', parameters: { userIds: 'ada' } }],
    });
    await expect.poll(seen).toEqual({ stage: 'canary', serve: null, provider: 'file' });
    await writeFile(file, '{"features": [');
    await write(percentFlag('notes.serve', 'notes', 100));
    await expect.poll(seen).toEqual({ stage: 'live', serve: 100, provider: 'file' });
  } finally {
    await control.stop();
    await database.drop();
    await rm(directory, { recursive: true });
  }
});
