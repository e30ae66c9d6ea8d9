/** `ficus writers` with real processes: a proxy, a monolith behind it with a pool and a timer, a person with psql. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WritersView } from '@ficus/contract';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Backend, startBackend } from '../integration/proxy/rig.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, runCommand, startCommand, stopAll } from './run-command.ts';
import { fieldOf } from './up-rig.ts';

let directory: string;
let cluster: EmbeddedCluster;
let monolith: Backend;
let pool: pg.Pool;
let configFile: string;

beforeAll(async () => {
  directory = await makeTestDirectory('writers');
  cluster = await startCluster({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
  for (const name of ['shop', 'service', 'state']) await cluster.createDatabase(name);
  for (const name of ['shop', 'service'])
    await sql(
      name,
      'CREATE TABLE note (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, body text)',
      'setup',
    );
  // A session for each statement: within a minute, each is recorded once.
  pool = new pg.Pool({
    connectionString: cluster.url('shop'),
    application_name: 'shop',
    max: 20,
    maxUses: 1,
  });
  monolith = await startBackend('monolith');
  monolith.handler = (request, response) => {
    const isPost = request.method === 'POST';
    const work = isPost ? pool.query(`INSERT INTO note (body) VALUES ('posted')`) : pool.query('SELECT 1');
    work.then(
      () => response.end('done'),
      () => response.writeHead(500).end(),
    );
  };
  configFile = join(directory, 'ficus.yaml');
  await writeFile(
    configFile,
    `version: 1
proxy: { listen: "127.0.0.1:0", workers: 2 }
control: { listen: "127.0.0.1:0", database: "${cluster.url('state')}" }
legacy: { url: "${monolith.url}", database: "${cluster.url('shop')}" }
slices:
  notes:
    candidate: { url: "http://127.0.0.1:9", database: "${cluster.url('service')}" }
    routes:
      - { id: list, path: /notes }
      - { id: add, methods: [POST], path: /notes }
    tables: [{ from: note, to: note }]
    writersObservedMs: 1000
    writers:
      - { application: shop, via: proxy, reason: the monolith }
`,
  );
});
afterAll(async () => {
  await stopAll();
  await pool.end();
  await monolith.close();
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

async function sql(database: string, text: string, application: string): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url(database), application_name: application });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

const writers = (...args: string[]) =>
  runCommand([FICUS, 'writers', 'notes', ...args, '--config', configFile]);

async function found(): Promise<WritersView> {
  return JSON.parse((await writers('--json')).stdout) as WritersView;
}

const verdicts = async () =>
  (await found()).writers.map(({ application, verdict }) => `${application} ${verdict}`);

test('writers beside the proxy are found; declared, or moved, they are explained', {
  timeout: 180_000,
}, async () => {
  const up = startCommand([FICUS, 'up', '--config', configFile]);
  const proxy = await fieldOf(up, 'listening', 'address');
  await up.until('control plane listening');

  const before = await writers();
  expect([before.status, before.stdout]).toEqual([
    1,
    expect.stringContaining('Begin to record: ficus writers notes --observe'),
  ]);
  const begun = await writers('--observe', '--reason', 'before the cutover');
  expect(begun).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/Who writes is recorded now\. .+: ficus writers notes$/m),
  });
  await expect.poll(async () => (await found()).proxies).toEqual({ listed: 1, reporting: 1 });

  // Each by a session of its own, until one was recorded with the proxy's own times.
  await expect
    .poll(
      async () => {
        expect((await fetch(`${proxy}/notes`, { method: 'POST' })).status).toBe(200);
        return (await verdicts()).includes('shop proxied');
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe(true);
  expect(await found()).toMatchObject({ answer: 'pass', unexplained: 0 });
  expect((await writers()).status).toBe(0);

  await sql('shop', `UPDATE note SET body = 'mia@example.org'`, 'psql');
  await sql('service', `DELETE FROM note WHERE id = -1`, 'the service');
  const report = async () => (await writers()).stdout;
  await expect.poll(report).toMatch(/✗ psql as [\s\S]+UPDATE note SET body = \?/);
  const text = await report();
  expect(text).toContain('- { application: "psql", user: ');
  expect(text).toContain('the service as ');
  expect(text).not.toContain('mia@');
  expect((await runCommand([FICUS, 'status', 'notes', '--config', configFile])).stdout).toMatch(
    /writers +2 unexplained, observed for \d+ s/,
  );

  // The config may change while everything runs, and judges what was recorded before.
  const declared = `      - { application: psql, via: other, reason: corrections by hand }\n`;
  await writeFile(configFile, (await readFile(configFile, 'utf8')) + declared);
  await expect.poll(verdicts).toContain('psql declared');

  // A timer inside the monolith, in the pool that the requests use.
  await pool.query(`DELETE FROM note WHERE body = 'old'`);
  await expect.poll(verdicts, { timeout: 40_000 }).toContain('shop outside');
  expect(await report()).toMatch(/wrote while no proxied write was under way, once/);

  const again = await writers('--again', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({
    ok: true,
    answer: 'insufficient evidence',
    writers: [],
    observing: true,
  });
  const stopped = await writers('--stop');
  expect([stopped.status, stopped.stdout]).toEqual([
    0,
    expect.stringContaining('not now: nothing is recorded'),
  ]);
});
