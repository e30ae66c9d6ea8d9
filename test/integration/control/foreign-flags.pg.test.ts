/** Flags that are kept in a file: shown as they are, set in the file, with guards and audit. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { startControl } from '@ficus/control';
import { percentFlag } from '@ficus/core';
import { expect, inject, it } from 'vitest';
import { createTestDatabase, HandPlayedReplication, silent, testConfig } from './rig.ts';

it('shows the stage that follows from the file’s flags, and flips them in the file', async () => {
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
    const other = percentFlag('other.serve', 'other', 7);
    await write(percentFlag('notes.serve', 'notes', 40), other);
    const flip = await client.setServe('notes', { percent: 1, reason: 'back a little' });
    expect([flip.previous, flip.slice.flags.serve.percent]).toEqual([40, 1]);
    expect(JSON.parse(await readFile(file, 'utf8')).features).toEqual([
      other,
      percentFlag('notes.serve', 'notes', 1),
    ]);
    expect(await client.audit({ limit: 1 })).toMatchObject([
      {
        action: 'serve',
        slice: 'notes',
        was: { percent: 40 },
        became: { percent: 1 },
        reason: 'back a little',
        outcome: 'made',
      },
    ]);
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
