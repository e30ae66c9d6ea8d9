/** A control database that refuses to write (a full disk): what is refused says why, the connection stays, and all recovers. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { startControl } from '@ficus/control';
import type { FicusConfigInput } from '@ficus/core';
import { pino } from 'pino';
import { expect, inject, it, onTestFinished } from 'vitest';
import { reachableOf } from '../../../cli/config/load-reachable.ts';
import { setPercent } from '../../../cli/flags/set-percent.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';
import { createTestDatabase, HandPlayedReplication, testConfig } from './rig.ts';

const FULL = `CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
  CREATE TRIGGER disk_full BEFORE INSERT ON ficus_control.audit FOR EACH ROW EXECUTE FUNCTION disk_full();`;
const FREED = 'DROP TRIGGER disk_full ON ficus_control.audit';

/** A control plane, its database, and what a command reaches of it. */
async function start(flags: FicusConfigInput['flags']) {
  const database = await createTestDatabase(inject('postgresPort'));
  onTestFinished(() => database.drop());
  const lines: string[] = [];
  const config = testConfig(database.url, { flags });
  const control = await startControl({
    config,
    logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    replications: (options) => new HandPlayedReplication(options),
  });
  onTestFinished(() => control.stop());
  const listen = control.address.replace('http://', '');
  const reachable = reachableOf({ ...config, control: { ...config.control!, listen } });
  return { database, lines, client: createControlClient(control.address), reachable, control };
}

const flip = { slice: 'notes', kind: 'serve', reason: 'too slow', force: false } as const;

it('the way back of flags in a file is open', async () => {
  const directory = await makeTestDirectory('full-disk');
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'flags.json');
  const { database, lines, client, reachable } = await start({ provider: 'file', file });
  await client.setServe('notes', { percent: 40 });
  await database.query(FULL);
  await expect(setPercent(reachable, { ...flip, percent: 50 })).rejects.toMatchObject({
    code: 'FICUS_CONTROL_NOT_STORED',
    message: expect.stringContaining('No space left on device'),
  });
  expect(await setPercent(reachable, { ...flip, percent: 0 })).toMatchObject({ previous: 40, file: {} });
  expect(await readFile(file, 'utf8')).toContain('"rollout": "0"');
  expect(lines.filter((line) => line.includes('No space left on device'))).not.toEqual([]);
});

it('built-in flags stay as they are, and can be set as soon as there is room', async () => {
  const { database, lines, client, reachable, control } = await start({ provider: 'builtin' });
  await client.setServe('notes', { percent: 40 });
  await database.query(FULL);
  await expect(setPercent(reachable, { ...flip, percent: 0 })).rejects.toMatchObject({
    code: 'FICUS_CONTROL_NOT_STORED',
    message: expect.stringContaining('take the slice notes out of it'),
  });
  expect((await client.slice('notes')).flags.serve.percent).toBe(40);
  expect((await fetch(`${control.address}/readyz`)).status).toBe(200);
  await database.query(FREED);
  expect(await client.setServe('notes', { percent: 0 })).toMatchObject({ previous: 40 });
  expect(lines.filter((line) => line.includes('control database lost'))).toEqual([]);
});
