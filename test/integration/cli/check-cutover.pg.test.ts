/**
 * `ficus check --live` on the sample as it was before its monolith posted requests: what a cutover would meet stands under a
 * heading of its own, and the check is green.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { FICUS, runCommand, stopAll } from '../../e2e/run-command.ts';
import { createDatabasePair, type DatabasePair } from '../cdc/rig/database-pair.ts';
import { type Backend, startBackend } from '../proxy/rig.ts';

const ROOT = join(import.meta.dirname, '../../..');
let pair: DatabasePair;
let folder: string;
let config: string;
const backends: Backend[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-cutover-'));
  config = join(folder, 'ficus.yaml');
  pair = await createDatabasePair(inject('postgresPort'));
  const schemas = [
    [pair.source, 'legacy-monolith/database/schema/001-tables.sql'],
    [pair.source, 'legacy-monolith/database/schema/002-order-notifications.sql'],
    [pair.target, 'extracted/notifications/database/schema/001-tables.sql'],
  ] as const;
  for (const [client, file] of schemas) await client.query(await readFile(join(ROOT, file), 'utf8'));
  const sample = parse(await readFile(join(ROOT, 'sample/ficus.yaml'), 'utf8'));
  for (const name of ['legacy', 'candidate']) backends.push(await startBackend(name));
  const { candidate: _, ...slice } = sample.slices.notifications;
  // The third came with the requests.
  slice.tables = slice.tables.slice(0, 2);
  await writeFile(
    config,
    JSON.stringify({
      version: 1,
      flags: { provider: 'file', file: 'flags.json' },
      control: { database: pair.sourceUrl },
      legacy: { url: backends[0]!.url, database: pair.sourceUrl },
      slices: {
        notifications: { ...slice, candidate: { url: backends[1]!.url, database: pair.targetUrl } },
      },
    }),
  );
});
afterAll(async () => {
  await stopAll();
  await Promise.all(backends.map((backend) => backend.close()));
  await pair.drop();
  await rm(folder, { recursive: true, force: true });
});

const check = (...args: string[]) => runCommand([FICUS, 'check', '--live', '--config', config, ...args]);

test('notes, and a green check', { timeout: 120_000 }, async () => {
  const { status, stdout, stderr } = await check();
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^✓ .* is valid, and everything it needs is in place/),
  ]);
  expect(stdout).not.toContain('would be refused');
  const [, cutover = ''] = stderr.split('For a cutover of writes of “notifications”');
  expect(cutover).toContain(
    '· legacy.database: Trigger “orders_announce_state” of “public.orders” on the legacy writes “public.notifications”',
  );
  expect(cutover).toContain('· legacy.database: Foreign key “notifications_order_id_fkey”');
  expect(cutover).toContain(
    'Expressions of the mapping make columns of “public.notifications” on the legacy that must fit: “kind” (not null, a label of notification_kind)',
  );
  // A preference has its customer's key.
  expect(cutover).not.toContain('recipient_id');
  expect(stderr.split('For a cutover')[0]).not.toContain('FICUS_ARM');
});

test('what would let it refuse is shown with its SQL, and the check stays green', {
  timeout: 90_000,
}, async () => {
  await pair.target.query(
    "ALTER TABLE notification ALTER id SET MAXVALUE 15; SELECT setval(pg_get_serial_sequence('notification', 'id'), 14)",
  );
  const { status, stdout, stderr } = await check();
  expect([status, stdout]).toEqual([
    0,
    expect.stringContaining('; a cutover of 1 slice would be refused as things are'),
  ]);
  expect(stderr).toMatch(
    /! slices\.notifications\.candidate\.database: Sequence “public\.notification_id_seq”.*\n {4}ALTER SEQUENCE/,
  );
  const json = JSON.parse((await check('--json')).stdout);
  expect(json).toMatchObject({ ok: true, cutover: [{ slice: 'notifications' }] });
  const [error] = json.cutover[0].findings.filter(
    (finding: { severity: string }) => finding.severity === 'error',
  );
  await pair.target.query(error.remedySql);
  expect((await check()).stdout).not.toContain('would be refused');
});

test('a database that is away is said once', async () => {
  const away = join(folder, 'away.yaml');
  const text = await readFile(config, 'utf8');
  await writeFile(away, text.replaceAll(new URL(pair.targetUrl).pathname, '/no_such_database'));
  const { status, stderr } = await runCommand([FICUS, 'check', '--live', '--config', away]);
  expect([status, stderr.split('no_such_database').length - 1]).toEqual([3, 1]);
});

test('a retired slice: its rows are the only ones, and no advice says to empty its table', async () => {
  await pair.target.query('INSERT INTO preference (recipient_id) VALUES (1)');
  expect((await check()).stderr).toContain('TRUNCATE "public"."preference"');
  await pair.source.query(
    `CREATE SCHEMA ficus_control CREATE TABLE ficus_control.slice (name text, owner text, retired boolean, configured boolean)`,
  );
  await pair.source.query(
    `INSERT INTO ficus_control.slice VALUES ('notifications', 'candidate', true, true)`,
  );
  // What the monolith no longer needs may be gone.
  await pair.source.query('ALTER TABLE notification_preferences RENAME TO dropped');
  const { status, stderr } = await check();
  expect(status).toBe(0);
  expect(stderr).not.toContain('TRUNCATE');
  expect(stderr).not.toContain('For a cutover of writes');
});
