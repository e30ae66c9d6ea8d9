/** No write commits inside a hold; FICUS_FENCE_ROUNDS sets how long that is tried. */
import { afterEach, expect, inject, test } from 'vitest';
import { createFencedDatabase, type FencedDatabase } from './fenced-database.ts';
import { runSoak } from './soak.ts';

const ROUNDS = Number(process.env.FICUS_FENCE_ROUNDS ?? 30);
let shop: FencedDatabase;
afterEach(() => shop.drop());

async function make(): Promise<void> {
  shop = await createFencedDatabase(
    inject('postgresPort'),
    'CREATE TABLE orders (id serial PRIMARY KEY, note text)',
  );
}

test('writers at three levels, coordinators killed: no commit inside a hold', async () => {
  await make();
  const report = await runSoak(shop, ROUNDS, 2026);
  console.log(`fence soak: ${JSON.stringify(report)}`);
  expect(report.breaches).toBe(0);
  expect(report.holds).toBeGreaterThan(ROUNDS / 3);
  expect(report.kills).toBeGreaterThan(0);
  expect(report.commits).toBeGreaterThan(ROUNDS);
  expect(report.refused).toBeGreaterThan(0);
}, 600_000);

/** Gives the fence a faulty guard. */
async function mutate(change: (body: string) => string): Promise<void> {
  const { rows } = await shop.admin.query<{ guard: string; body: string }>(
    `SELECT oid::regprocedure::text AS guard, prosrc AS body FROM pg_proc WHERE proname LIKE 'guard\\_%'`,
  );
  const { guard, body } = rows[0]!;
  const faulty = change(body);
  expect(faulty).not.toBe(body);
  await shop.admin.query(
    `CREATE OR REPLACE FUNCTION ${guard} RETURNS trigger LANGUAGE plpgsql AS $body$${faulty}$body$`,
  );
}

const LOCK = /pg_catalog\.pg_try_advisory_xact_lock_shared\(\d+\)/;

test.each([
  ['takes no lock', (body: string) => body.replaceAll(new RegExp(LOCK, 'g'), 'true')],
  [
    'reads the state before it takes the lock',
    (body: string) =>
      body
        .replace(/^ {2}IF pg_catalog.*RETURN NULL; END IF;$/m, '')
        .replace(
          /^ {2}got := (.*);\n {2}v := (.*);$/m,
          '  v := $2; PERFORM pg_catalog.pg_sleep(0.003); got := $1;',
        ),
  ],
])(
  'a guard that %s is breached: the soak can fail',
  async (_, change) => {
    let breaches = 0;
    // Which writes are open at a flip is a matter of the machine: a busy one may need more rounds.
    for (let run = 0; breaches === 0 && run < 8; run += 1) {
      if (run > 0) await shop.drop();
      await make();
      await mutate(change);
      ({ breaches } = await runSoak(shop, Math.max(ROUNDS, 30), 2026 + 2 * run));
    }
    expect(breaches).toBeGreaterThan(0);
  },
  300_000,
);
