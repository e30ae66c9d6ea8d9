/** `ficus remove` and `ficus uninstall` as users run them: beside a control plane, after it, with a database away. */
import { access, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type EmbeddedCluster, freePort, startCluster } from '@ficus/tools';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, runCommand, startCommand, stopAll } from './run-command.ts';
import { fieldOf } from './up-rig.ts';

/** Whole processes, and a stream that begins. */
const PATIENCE = { timeout: 60_000 };

let directory: string;
let cluster: EmbeddedCluster;
let configFile: string;
let count = 0;
let names: { shop: string; service: string; state: string };

beforeAll(async () => {
  directory = await makeTestDirectory('remove');
  cluster = await startCluster({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
});
beforeEach(async () => {
  count++;
  names = { shop: `shop${count}`, service: `service${count}`, state: `state${count}` };
  for (const name of Object.values(names)) await cluster.createDatabase(name);
  for (const name of [names.shop, names.service]) await sql(name, 'CREATE TABLE parcel (id int PRIMARY KEY)');
  await sql(names.shop, 'INSERT INTO parcel SELECT generate_series(1, 9)');
  await mkdir(join(directory, String(count)));
  configFile = join(directory, String(count), 'ficus.yaml');
});
afterEach(stopAll);
afterAll(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

async function sql(database: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: cluster.url(database) });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const PARCELS = () => `
  parcels:
    candidate: { url: "http://127.0.0.1:9", database: "${cluster.url(names.service)}" }
    routes: [{ id: list, path: /parcels }]
    tables: [{ from: public.parcel, to: public.parcel }]`;

async function writeConfig(slices: string, controlPort = 0): Promise<void> {
  await writeFile(
    configFile,
    `version: 1
proxy: { listen: "127.0.0.1:0" }
control: { listen: "127.0.0.1:${controlPort}", database: "${cluster.url(names.state)}" }
legacy: { url: "http://127.0.0.1:9", database: "${cluster.url(names.shop)}" }
slices:${slices || ' {}'}
`,
  );
}

const ficus = (...args: string[]) => runCommand([FICUS, ...args, '--config', configFile]);

async function startStream(): Promise<ReturnType<typeof startCommand>> {
  await writeConfig(PARCELS());
  const running = startCommand([FICUS, 'control', '--config', configFile]);
  const address = await fieldOf(running, 'listening', 'address');
  await expect
    .poll(async () => (await createControlClient(address).replication('parcels')).healthy, PATIENCE)
    .toBe(true);
  return running;
}

const slots = () =>
  sql(names.shop, 'SELECT slot_name FROM pg_replication_slots WHERE database = current_database()');

test('beside the control plane: refused while the slice is in its config, done once it has left', async () => {
  await startStream();
  const refused = await ficus('remove', 'parcels', '--yes');
  expect([refused.status, refused.stdout]).toEqual([3, '']);
  expect(refused.stderr).toContain('Take the slice out of ficus.yaml');
  expect(await slots()).toHaveLength(1);

  await writeConfig('');
  const removed = () => ficus('remove', 'parcels', '--yes');
  await expect.poll(removed, PATIENCE).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^✓ .+: dropped slot “ficus_parcels_.+ of WAL\)$/m),
  });
  expect(await slots()).toEqual([]);
  const again = await ficus('remove', 'parcels', '--yes');
  expect([again.status, again.stdout]).toEqual([0, 'Nothing is left to remove.\n']);
});

test('after it: the dry run prints SQL and changes nothing, without a terminal it asks for --yes', async () => {
  const running = await startStream();
  running.child.kill('SIGTERM');
  await running.ended;

  const dry = await ficus('remove', 'parcels', '--dry-run');
  expect(dry.status).toBe(0);
  expect(dry.stdout).toMatch(/^SELECT pg_drop_replication_slot\(slot_name\) .*ficus_parcels_[0-9a-f]{8}'/m);
  expect(dry.stdout).toMatch(/^-- would drop slot “ficus_parcels_[0-9a-f]{8}” \(.+ of WAL\)$/m);
  expect(dry.stdout).toContain('DROP PUBLICATION IF EXISTS "ficus_parcels";');
  expect(dry.stdout).toContain('DELETE FROM ficus_control.slice');
  expect(dry.stdout).toContain('-- The rows of public.parcel stay');
  expect(await slots()).toHaveLength(1);

  const unasked = await ficus('remove', 'parcels');
  expect(unasked.status).toBe(2);
  expect(unasked.stderr).toContain('--yes');

  const { status, stdout } = await ficus('remove', 'parcels', '--yes', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    databases: [
      { place: 'legacy', steps: [{ outcome: 'done' }, { outcome: 'done' }] },
      { place: 'candidate', steps: [{ outcome: 'done' }] },
      { place: 'control', steps: [{ outcome: 'done' }] },
    ],
  });
  expect(await slots()).toEqual([]);
  expect(await sql(names.service, 'SELECT FROM parcel')).toHaveLength(9);
});

test('uninstall with the service’s database gone: the rest is done, what is left is named, exit status 3', async () => {
  const running = await startStream();
  running.child.kill('SIGTERM');
  await running.ended;
  await sql('postgres', `ALTER DATABASE ${names.service} RENAME TO ${names.service}_away`);

  const first = await ficus('uninstall', '--yes');
  expect(first.status).toBe(3);
  expect(first.stdout).toContain(`There is no database “${names.service}”`);
  expect(first.stdout).toContain('run the command again');
  expect(await slots()).toEqual([]);

  await sql('postgres', `ALTER DATABASE ${names.service}_away RENAME TO ${names.service}`);
  expect((await ficus('uninstall', '--yes')).status).toBe(0);
  for (const name of Object.values(names))
    expect(await sql(name, `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ficus%'`)).toEqual([]);
});

test('uninstall: `ficus up` is to be stopped first, and its proxy’s last known flags go with the rest', async () => {
  await writeConfig(PARCELS(), await freePort());
  const kept = join(directory, String(count), '.ficus');
  const running = startCommand([FICUS, 'up', '--config', configFile]);
  await running.until('"ready"');
  // Beside them is what says where the running proxy is to be found; that leaves with it.
  const flagsIn = async () =>
    (await readdir(kept).catch(() => [])).filter((name) => name.startsWith('flags-'));
  await expect.poll(flagsIn).toHaveLength(1);
  const [own = ''] = await flagsIn();
  const refused = await ficus('uninstall', '--yes');
  expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining('Stop `ficus up`') });
  expect(refused.stderr).not.toContain('Take the slice out');
  running.child.kill('SIGTERM');
  await running.ended;

  const foreign = 'flags-0123456789abcdef.json';
  await writeFile(join(kept, foreign), '{}');
  const dry = await ficus('uninstall', '--dry-run');
  expect(dry.stdout).toContain(`-- would remove ${join(kept, own)}: the last known flags`);
  expect(dry.stdout).toContain(
    `Flags or owners of another source, with which a proxy of that source would start: ${join(kept, foreign)}.`,
  );
  await access(join(kept, own));

  const { status, stdout } = await ficus('uninstall', '--yes');
  expect(status).toBe(0);
  expect(stdout).toContain(`✓ removed ${join(kept, own)}`);
  expect(await readdir(kept)).toEqual([foreign]);
});
