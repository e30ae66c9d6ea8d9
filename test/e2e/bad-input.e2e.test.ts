/** What a user reads when something is wrong: every error, one clear sentence, what to do, the right exit status. */

import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { refusingPort } from '../parts/refusing-port.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { type CommandResult, FICUS, runCommand, startCommand, stopAll } from './run-command.ts';

let directory: string;
let cluster: EmbeddedCluster;

beforeAll(async () => {
  directory = await makeTestDirectory('bad-input');
  // A server with PostgreSQL's default wal_level.
  cluster = await startCluster({
    dataDir: join(directory, 'postgres'),
    settings: { wal_level: 'replica', fsync: 'off' },
  });
  for (const name of ['legacy', 'candidate', 'control']) await cluster.createDatabase(name);
  await runSql('legacy', 'CREATE TABLE inbox (id bigint PRIMARY KEY, body text)');
  await runSql('candidate', 'CREATE TABLE inbox (id bigint PRIMARY KEY, body text)');
  await runSql('legacy', 'CREATE TABLE loose (id bigint, body text)');
  await runSql('candidate', 'CREATE TABLE loose (id bigint PRIMARY KEY, body text)');
});
afterEach(stopAll);
afterAll(async () => {
  await cluster?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function runSql(database: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url(database) });
  await client.connect();
  await client.query(sql);
  await client.end();
}

interface ConfigParts {
  readonly legacyDatabase?: string;
  readonly table?: string;
  readonly proxyListen?: string;
}

async function writeConfig(name: string, parts: ConfigParts): Promise<string> {
  const table = parts.table ?? 'inbox';
  const file = join(directory, `${name}.yaml`);
  await writeFile(
    file,
    `version: 1
proxy: { listen: "${parts.proxyListen ?? '127.0.0.1:0'}" }
control: { listen: "127.0.0.1:0", database: "${cluster.url('control')}" }
legacy: { url: http://127.0.0.1:9, database: "${parts.legacyDatabase ?? cluster.url('legacy')}" }
slices:
  inbox:
    candidate: { url: http://127.0.0.1:9, database: "${cluster.url('candidate')}" }
    routes: [{ id: list, path: /inbox }]
    tables: [{ from: public.${table}, to: public.${table} }]
`,
  );
  return file;
}

function expectClearWords(result: CommandResult): void {
  expect(result.stderr + result.stdout).not.toMatch(/^\s+at .*\.(ts|js):\d+/m);
  expect(result.stderr).not.toContain('node:internal');
}

test('a config with five errors reports all five with their paths and exits 1', async () => {
  const file = join(directory, 'five.yaml');
  await writeFile(
    file,
    `version: 1
proxy: { listen: nowhere }
legacy: { url: ftp://shop }
flags: { provider: file }
slices:
  inbox:
    candidate: { url: http://127.0.0.1:3101, colour: green }
    routes: [{ id: list, path: inbox }]
`,
  );
  for (const command of ['check', 'up', 'proxy']) {
    const result = await runCommand([FICUS, command, '--config', file]);
    expect(result.status).toBe(1);
    for (const path of [
      'proxy.listen',
      'legacy.url',
      'flags.file',
      'slices.inbox.candidate.colour',
      'slices.inbox.routes[0].path',
    ]) {
      expect(result.stderr).toContain(`${path}: `);
    }
    expect(result.stderr).toContain('5 errors');
    expectClearWords(result);
  }
});

test('a missing file and one that is not YAML get messages of their own', async () => {
  const missing = await runCommand([FICUS, 'check', '--config', join(directory, 'nope.yaml')]);
  expect(missing.status).toBe(3);
  expect(missing.stderr).toContain('nope.yaml');
  const file = join(directory, 'broken.yaml');
  await writeFile(file, 'version: 1\nlegacy: { url: http://x\n');
  const broken = await runCommand([FICUS, 'check', '--config', file]);
  expect(broken.status).toBe(1);
  expect(broken.stderr).toMatch(/line \d/);
  expectClearWords(broken);
});

describe('an environment that is not ready', () => {
  const check = (file: string) => runCommand([FICUS, 'check', '--live', '--config', file]);
  const unreachable = async () => {
    const port = await refusingPort();
    const legacyDatabase = `postgres://shop:secret@127.0.0.1:${port}/shop`;
    return { port, file: await writeConfig('unreachable', { legacyDatabase }) };
  };

  test('an unreachable database', async () => {
    const { port, file } = await unreachable();
    const result = await check(file);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain(`127.0.0.1:${port}`);
    expect(result.stderr).toContain('legacy.database');
    expect(result.stderr).not.toContain('secret');
    expectClearWords(result);
  });

  test('a wrong wal_level', async () => {
    const result = await check(await writeConfig('wal', {}));
    expect(result.status).toBe(3);
    expect(result.stderr).toMatch(/wal_level/);
    expect(result.stderr).toContain('ALTER SYSTEM SET wal_level');
    expectClearWords(result);
  });

  test('a table without replica identity', async () => {
    const result = await check(await writeConfig('identity', { table: 'loose' }));
    expect(result.status).toBe(3);
    expect(result.stderr).toContain('public.loose');
    expect(result.stderr).toMatch(/REPLICA IDENTITY|primary key/i);
    expectClearWords(result);
  });

  test.each<[string, () => Promise<string>, string]>([
    ['a slice’s database away', async () => (await unreachable()).file, 'FICUS_DATABASE_UNREACHABLE'],
    ['a wrong wal_level', () => writeConfig('wal', {}), 'FICUS_CDC_WAL_LEVEL'],
    [
      'a table without replica identity',
      () => writeConfig('identity', { table: 'loose' }),
      'FICUS_CDC_REPLICA_IDENTITY',
    ],
  ])('ficus up listens with %s, and logs it with its remedy', async (_, write, code) => {
    const running = startCommand([FICUS, 'up', '--config', await write()]);
    await running.until('"msg":"ready"');
    await running.until(new RegExp(`"path":"[^"]+","code":"${code}","remedy":"[^"]+`));
    running.child.kill('SIGTERM');
    const result = await running.ended;
    expect([result.status, result.stderr]).toEqual([0, '']);
    expect(result.stdout).not.toContain('secret');
    expectClearWords(result);
  });
});

describe('a taken port', () => {
  let other: Server;
  let listen: string;

  beforeAll(async () => {
    other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    listen = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterAll(() => {
    other.close();
  });

  test.each(['proxy', 'up'])('ficus %s says which, and exits 3', async (command) => {
    const file = join(directory, `taken-${command}.yaml`);
    await writeFile(
      file,
      `version: 1\nproxy: { listen: "${listen}" }\ncontrol: { listen: "127.0.0.1:0", database: "${cluster.url('control')}" }\nflags: { provider: file, file: ${join(directory, 'flags.json')} }\nlegacy: { url: http://127.0.0.1:9 }\n`,
    );
    const result = await runCommand([FICUS, command, '--config', file]);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain(listen);
    expectClearWords(result);
  });

  test('ficus up without a port for its control plane serves, and logs why', async () => {
    const file = join(directory, 'taken-control.yaml');
    await writeFile(
      file,
      `version: 1\nproxy: { listen: "127.0.0.1:0" }\ncontrol: { listen: "${listen}", database: "${cluster.url('control')}" }\nlegacy: { url: http://127.0.0.1:9 }\n`,
    );
    const running = startCommand([FICUS, 'up', '--config', file]);
    await running.until('"msg":"listening"');
    await running.until(/"code":"FICUS_PORT_TAKEN","reason":"[^"]*control\.listen.*exited unexpectedly/);
    running.child.kill('SIGTERM');
    expect((await running.ended).status).toBe(0);
  });
});

test.each([
  [['serve', 'inbox', '101'], 'whole number from 0 to 100'],
  [['serve', 'inbox', '0.5'], 'a fraction of a percent moves no user'],
  [['serve', 'inbox'], 'percent'],
  [['nonsense'], 'nonsense'],
  [['serve', 'nope', '5'], 'inbox'],
  // Property names that every object has are not slices.
  [['serve', 'constructor', '5'], 'There is no slice'],
  [['audit', '--limit', 'abc'], 'whole number from 1 to 1000'],
  [['verify', 'inbox', '--sample', '0'], 'whole number of 1 or more'],
  [['check', '--explain', 'GET', '/a', '/b'], '/b'],
  [['check', '--explain', '/a', '--client', 'nonsense'], 'an IP address'],
  [['check', '--explain', '/a', '--header', 'X-Beta: \u0001'], 'no control characters'],
])('used wrongly: %j', async (args, words) => {
  const file = await writeConfig('usage', {});
  const result = await runCommand([FICUS, ...args, '--config', file]);
  expect(result.status).toBe(2);
  expect(result.stderr).toContain(words);
  expectClearWords(result);
});

test.each([[['serve', 'inbox', '101']], [['check', '--nonsense']]])(
  'used wrongly with --json: %j is one document on standard output',
  async (args) => {
    const result = await runCommand([FICUS, ...args, '--json']);
    expect(result.status).toBe(2);
    expect(JSON.parse(result.stdout)).toMatchObject({ ok: false, error: { code: 'FICUS_USAGE' } });
  },
);

test('an unknown log level', async () => {
  const file = join(directory, 'level.yaml');
  await writeFile(
    file,
    'version: 1\nproxy: { listen: "127.0.0.1:0" }\nflags: { provider: file, file: flags.json }\nlegacy: { url: http://127.0.0.1:9 }\n',
  );
  const result = await runCommand([FICUS, 'proxy', '--config', file], { FICUS_LOG_LEVEL: 'loud' });
  expect(result.status).toBe(2);
  expect(result.stderr).toContain('FICUS_LOG_LEVEL is one of');
  expectClearWords(result);
});

test('check --live reports upstreams at which no server listens', async () => {
  const file = join(directory, 'upstreams.yaml');
  const [port, otherPort] = [await refusingPort(), await refusingPort()];
  await writeFile(
    file,
    `version: 1
flags: { provider: file, file: flags.json }
legacy: { url: "http://127.0.0.1:${port}" }
slices:
  inbox:
    candidate: { url: http://other.invalid, addresses: ["127.0.0.1:${otherPort}"] }
    routes: [{ id: list, path: /inbox }]
`,
  );
  const result = await runCommand([FICUS, 'check', '--live', '--config', file]);
  expect(result.status).toBe(3);
  expect(result.stderr).toContain(`legacy.url: 127.0.0.1:${port} cannot be reached: nothing listens there.`);
  expect(result.stderr).toContain(`slices.inbox.candidate.addresses[0]: 127.0.0.1:${otherPort}`);
  expect(result.stdout).toBe('');
});

test('check --grants --json is one document, also when there is nothing to grant', async () => {
  const file = join(directory, 'no-tables.yaml');
  await writeFile(
    file,
    'version: 1\nflags: { provider: file, file: flags.json }\nlegacy: { url: http://127.0.0.1:9 }\n',
  );
  const result = await runCommand([FICUS, 'check', '--grants', '--json', '--config', file]);
  expect([result.status, JSON.parse(result.stdout)]).toEqual([0, { ok: true, grants: '', databases: [] }]);
});

test('what check --grants prints runs as it is, each part in the database that its heading names, and again', async () => {
  const file = await writeConfig('grants', {});
  const { status, stdout } = await runCommand([FICUS, 'check', '--grants', '--config', file]);
  expect(status).toBe(0);
  const parts = stdout.split(/^(?=-- In database “)/m);
  const databases = parts.map((part) => /^-- In database “(\w+)”/.exec(part)?.[1]);
  const ofCutover = ['legacy', 'candidate', 'legacy', 'candidate'];
  expect(databases).toEqual(['legacy', 'candidate', 'control', ...ofCutover]);
  for (let time = 1; time <= 2; time++)
    for (const [at, part] of parts.entries()) await runSql(databases[at]!, part);
});

test('check --grants FOLDER writes a file for each database, and says which it has replaced', async () => {
  const file = await writeConfig('grants-folder', {});
  const folder = join(directory, 'roles');
  const command = [FICUS, 'check', '--grants', folder, '--config', file];
  const ofCutover = ['way-back', 'fence'].flatMap((what) => [
    `${what}-legacy.sql`,
    `${what}-candidate-inbox.sql`,
  ]);
  const names = ['legacy.sql', 'candidate-inbox.sql', 'control.sql', ...ofCutover];
  const said = (verb: string) => names.map((name) => `${verb} ${join(folder, name)}\n`).join('');
  // Behind them: that the URLs name other roles than the SQL makes.
  const files = async () => (await runCommand(command)).stderr.replace(/^ *· .+ connects as .+\n/gm, '');
  expect(await files()).toBe(said('wrote'));
  await rm(join(folder, 'legacy.sql'));
  const again = said('replaced').replace('replaced', 'wrote');
  expect(await files()).toBe(again);
});

describe('ficus init', () => {
  test('says that it cannot write, or cannot read the OpenAPI document, in one sentence', async () => {
    const nowhere = join(directory, 'nowhere', 'ficus.yaml');
    const unwritten = await runCommand([FICUS, 'init', 'http://127.0.0.1:9', '--config', nowhere]);
    expect(unwritten.status).toBe(3);
    expect(unwritten.stderr).toContain(`${nowhere} cannot be written: there is no such file or directory.`);
    expect(unwritten.stderr).toContain('FICUS_PATH_UNUSABLE');
    const broken = join(directory, 'openapi.json');
    await writeFile(broken, '{"paths": [');
    const unread = await runCommand([FICUS, 'init', 'http://127.0.0.1:9', '--openapi', broken]);
    expect(unread.status).toBe(3);
    expect(unread.stderr).toContain('FICUS_OPENAPI_UNREADABLE');
    expect(unread.stderr.trim().split('\n')).toHaveLength(2);
  });

  test('keeps the monolith’s base path, and says how to continue with this file', async () => {
    const file = join(directory, 'first.yaml');
    const result = await runCommand([FICUS, 'init', 'http://127.0.0.1:9/shop/', '--config', file]);
    expect(result.stdout).toContain(`ficus check --config ${file}`);
    expect(await readFile(file, 'utf8')).toContain('url: http://127.0.0.1:9/shop\n');
  });
});

test('a percentage that has no effect, because callers cannot be identified, is set with a warning', async () => {
  const file = join(directory, 'strangers.yaml');
  const text = (proxy: string) => `version: 1
proxy: ${proxy}
flags: { provider: file, file: strangers.json }
legacy: { url: http://127.0.0.1:9 }
slices:
  inbox:
    candidate: { url: http://127.0.0.1:9 }
    routes: [{ id: list, path: /inbox }]
`;
  const serve = (percent: string) => runCommand([FICUS, 'serve', 'inbox', percent, '--config', file]);
  await writeFile(file, text('{}'));
  const part = await serve('5');
  expect([part.status, part.stderr]).toEqual([0, expect.stringContaining('proxy.identify.user')]);
  expect((await serve('100')).stderr).not.toContain('callers');
  await writeFile(file, text('{ identify: { user: { cookie: sid } } }'));
  expect((await serve('5')).stderr).toBe('');
});
