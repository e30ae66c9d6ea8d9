/** `ficus init --map`: from two schemas to tables in ficus.yaml that `check --live` accepts, without any secret. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withPassword } from '@ficus/core';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../../../e2e/run-command.ts';
import { createDatabasePair, type DatabasePair } from '../../cdc/rig/database-pair.ts';
import { endServers, html, type Monolith, serve } from './servers.ts';

let pair: DatabasePair;
let folder: string;
let config: string;
let shop: Monolith;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-map-'));
  config = join(folder, 'ficus.yaml');
  shop = await serve(html('shop'));
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`
    CREATE TABLE notifications (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, body text, secret text);
    CREATE TABLE user_settings (id bigint PRIMARY KEY, muted bool, theme text);
    CREATE TABLE devices (id bigint)`);
  await pair.target.query(`
    CREATE TABLE notification (id bigint PRIMARY KEY, "createdAt" timestamptz NOT NULL, body text);
    CREATE TABLE user_settings (id bigint PRIMARY KEY, muted bool);
    CREATE TABLE devices (id bigint PRIMARY KEY)`);
});
afterEach(async () => {
  await stopAll();
  await endServers();
  await pair.drop();
  await rm(folder, { recursive: true, force: true });
});

const ficus = (args: readonly string[], environment: Record<string, string> = {}) =>
  runCommand([FICUS, ...args, '--config', config], environment);
const written = () => readFile(config, 'utf8');

const TABLES = [
  {
    from: 'public.notifications',
    to: 'public.notification',
    columns: { id: 'id', createdAt: 'created_at', body: 'body' },
    omit: ['secret'],
  },
  { from: 'public.user_settings', to: 'public.user_settings', omit: ['theme'] },
];

describe('with a URL', () => {
  const init = (...args: string[]) => ficus(['init', shop.url, '--no-probe', '--map', 'alerts', ...args]);
  const databases = () => ['--legacy-db', pair.sourceUrl, '--service-db', pair.targetUrl];

  test('the new config has the tables, what was guessed, and references to both databases', async () => {
    await writeFile(
      join(folder, 'alerts.json'),
      JSON.stringify({ openapi: '3.1.0', paths: { '/alerts': { get: {} } } }),
    );
    const made = await init(
      ...databases(),
      ...['--candidate', `alerts=${shop.url}`, '--openapi', join(folder, 'alerts.json')],
    );
    expect(made).toMatchObject({ status: 0 });
    expect(made.stderr).toContain('✓ 2 tables of alerts can go over: proposed as its tables');
    expect(made.stderr).toContain('! public.notification, guessed: “createdAt” is made from “created_at”');
    expect(made.stderr).toContain('! public.devices → public.devices cannot go over as it is');
    expect(made.stdout).toContain('export FICUS_DATABASE_URL=postgres://…');
    const live = await ficus(['check', '--live'], { FICUS_DATABASE_URL: pair.targetUrl });
    expect(live).toMatchObject({ status: 0, stdout: expect.stringContaining('1 slice, 1 route, 2 tables') });
    expect(await written()).toContain(`database: "\${LEGACY_DATABASE_URL:-${pair.sourceUrl}}"`);
  });

  test('a password stays in the environment', { timeout: 120_000 }, async () => {
    const secret = Object.fromEntries(
      Object.entries({ LEGACY_DATABASE_URL: pair.sourceUrl, ALERTS_DATABASE_URL: pair.targetUrl }).map(
        ([name, url]) => [name, withPassword(url, 'geheim')],
      ),
    );
    const made = await ficus(['init', shop.url, '--no-probe', '--map', 'alerts'], secret);
    expect(made).toMatchObject({ status: 0 });
    expect(made.stdout + made.stderr + (await written())).not.toContain('geheim');
    expect(await written()).toContain('  database: "${LEGACY_DATABASE_URL}"\n');
    const environment = { ...secret, FICUS_DATABASE_URL: pair.targetUrl };
    expect(await ficus(['check'], environment)).toMatchObject({ status: 0 });
    const uncommented = (await written()).replace(/^# (slices:|control:| {2}.*)$/gm, '$1');
    await writeFile(config, uncommented.replace('http://127.0.0.1:3101', shop.url));
    expect((await ficus(['check', '--live'], environment)).stdout).toContain('1 slice, 1 route, 2 tables');
  });

  test('without any table that can go over, the answer is no', async () => {
    await pair.target.query('DROP TABLE notification, user_settings');
    const made = await init(...databases());
    expect(made).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('No table of alerts can go over'),
    });
    expect(await ficus(['check'])).toMatchObject({ status: 0 });
  });
});

describe('without a URL', () => {
  const existing = (slice = '') => `version: 1
flags: { provider: file, file: flags.json }
legacy:
  url: http://127.0.0.1:9
  database: \${LEGACY_URL}
control: { database: '${pair.targetUrl}' }
slices:
  # mine
  alerts:
    candidate: { url: http://127.0.0.1:9, database: '${pair.targetUrl}', credentials: [] }
    routes:
      - { id: list, path: /alerts }   # all
${slice}`;
  const map = (...args: string[]) =>
    ficus(['init', '--map', 'alerts', ...args], { LEGACY_URL: pair.sourceUrl });

  // Six commands, one after the other.
  test('--dry-run prints the tables; --force adds them, and all else stays', {
    timeout: 120_000,
  }, async () => {
    await writeFile(config, existing());
    const dry = await map('--dry-run');
    expect(dry.status).toBe(0);
    expect(dry.stdout).toContain('  # Guessed: the tables belong together by name: singular and plural.\n');
    expect(dry.stdout).toMatch(/^tables:\n {2}# .*One that the monolith adds later stops the stream/);
    expect(await map()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Use --force to add the tables'),
    });
    expect(await written()).toBe(existing());
    expect(await map('--force')).toMatchObject({ status: 0 });
    expect(await written()).toBe(`${existing()}${dry.stdout.replace(/^(?=.)/gm, '    ')}`);
    const live = await ficus(['check', '--live'], { LEGACY_URL: pair.sourceUrl });
    expect(live.stderr).not.toContain('.tables');
    expect((await ficus(['check'], { LEGACY_URL: pair.sourceUrl })).stdout).toContain('2 tables');
    expect(await map('--force')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('has tables already'),
    });
  });

  test('--json is one document', async () => {
    await writeFile(config, existing());
    const { stdout, stderr } = await map('--dry-run', '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      written: false,
      tables: TABLES,
      refused: [{ to: 'public.devices', remedySql: expect.stringContaining('ALTER TABLE') }],
      unmatched: [],
    });
  });

  test('a service whose database has no tables yet: this is said, and what to do', async () => {
    await writeFile(config, existing());
    await pair.target.query('DROP TABLE notification, user_settings, devices');
    const { status, stderr } = await map('--dry-run');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('has no tables: run its migrations first'),
    });
  });

  test('an invalid ficus.yaml is refused with the status of an invalid config', async () => {
    await writeFile(config, `${existing()}nonsense: 1\n`);
    const [invalid, checked] = [await map('--dry-run'), await ficus(['check'])];
    expect(invalid).toMatchObject({ status: checked.status, stdout: '' });
    expect(invalid.stderr).toContain('FICUS_CONFIG_INVALID');
  });

  // As `ficus init` writes a config before a slice has tables, and as the README does.
  const bare = () =>
    existing()
      .replace(/^control: .*\n/m, '')
      .replace(/^ {2}database: .*\n/m, '  # database: ${LEGACY_DATABASE_URL}\n')
      .replace(/ database: '[^']*',/, '');

  test('databases that it does not name come from the environment, and --force adds them', async () => {
    await writeFile(config, bare());
    const environment = {
      LEGACY_DATABASE_URL: withPassword(pair.sourceUrl, 'geheim'),
      ALERTS_DATABASE_URL: pair.targetUrl,
    };
    const made = await ficus(['init', '--map', 'alerts', '--force'], environment);
    expect(made).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('export FICUS_DATABASE_URL=postgres://…\n'),
      stderr: expect.stringContaining('has no control.database, which a slice with tables needs: added as $'),
    });
    expect(await written()).not.toContain('geheim');
    const checked = await ficus(['check'], { ...environment, FICUS_DATABASE_URL: pair.targetUrl });
    expect(checked).toMatchObject({ status: 0, stdout: expect.stringContaining('2 tables') });
    expect(await written()).toContain(
      `url: http://127.0.0.1:9, credentials: [], database: "\${ALERTS_DATABASE_URL:-${pair.targetUrl}}" }`,
    );
  });

  test('an option names a database whose variable is not set', async () => {
    await writeFile(config, existing().replace('LEGACY_URL', 'LEGACY_DATABASE_URL'));
    const { status, stdout } = await map('--dry-run', '--legacy-db', pair.sourceUrl);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('public.notification') });
    expect(await map('--force', '--legacy-db', pair.sourceUrl)).toMatchObject({ status: 0 });
    expect(await written()).toContain('  database: ${LEGACY_DATABASE_URL}\n');
  });

  test('a config to which something cannot be added stays as it is', async () => {
    const text = existing().replace(/^control: .*\n/m, 'control: {}\n');
    await writeFile(config, text);
    expect(await map('--force')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('control.database cannot be added'),
    });
    expect(await written()).toBe(text);
  });

  test.each<[string[], string]>([
    [[], 'Name the URL of the monolith'],
    [['--map', 'nothing', '--dry-run'], 'There is no slice “nothing”'],
    [['--map', 'alerts', '--openapi', 'x'], 'are for a new ficus.yaml'],
    [['http://x', '--legacy-db', 'postgres://x'], 'are the databases of --map'],
    [['http://x', '--map', 'alerts', '--legacy-db', 'mysql://u:geheim@x'], 'begins with postgres://'],
    [['http://x', '--map', 'alerts', '--dry-run'], 'set LEGACY_DATABASE_URL and ALERTS_DATABASE_URL'],
    [['http://x', '--map', 'Alerts'], 'is no name of a slice'],
  ])('%j is refused', async (args, message) => {
    await writeFile(config, existing());
    const { status, stderr } = await ficus(['init', ...args], { LEGACY_URL: pair.sourceUrl });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
    expect(stderr).not.toContain('geheim');
  });
});
