/** `npm run bench:cutover` as CI runs it: Ficus, and PgBouncer where it is installed, each on two clusters. */
import { afterEach, expect, test } from 'vitest';
import { hasPgBouncer, NO_PGBOUNCER } from '../../bench/cutover/peer/pgbouncer.ts';
import { runCommand, stopAll } from './run-command.ts';

afterEach(stopAll);

const RUN = ['bench/cutover/run.ts', '--json', '--rounds', '2', '--writes', '60', '--reads', '60', '--only'];

interface Document {
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean | null;
    readonly reason?: string;
  }[];
  // biome-ignore lint/suspicious/noExplicitAny: figures of many shapes, each compared with what is expected of it
  readonly figures: Readonly<Record<string, any>>;
}

async function run(subject: string): Promise<Document> {
  const { stdout, stderr } = await runCommand([...RUN, subject]);
  return JSON.parse(stdout || JSON.stringify(stderr));
}

/** On a machine that others use as well, what comes before one change of owner has taken 50 seconds. */
const PATIENCE_MS = 240_000;

test('Ficus: no write is lost or made twice on either side, none fails, side doors are refused by the fence', {
  timeout: PATIENCE_MS,
}, async () => {
  const { checks, figures } = await run('ficus');
  const found = figures.ficus;
  expect(found).toMatchObject({
    changesOfOwner: 2,
    failed: { writes: {}, reads: {} },
    onOwner: { missing: 0, duplicates: 0, extra: 0 },
    onOther: { missing: 0, duplicates: 0, extra: 0 },
    ownWrites: { stale: 0 },
    servedBy: { legacy: expect.any(Number), candidate: expect.any(Number) },
  });
  expect(found.acknowledged).toBeGreaterThan(100);
  expect(found.writePauseMs.max).toBeGreaterThan(0);
  expect(Object.keys(found.stepsMs)).toEqual(expect.arrayContaining(['hold', 'fence', 'journal', 'held']));
  // What takes a busy machine longer, or is given up at a bound of time, is no fault of the code: no request may fail for it.
  const timed = /pause of writes|abandoned|quiet writes|: (writes|reads)$/;
  expect(checks.filter(({ name, ok }) => ok !== true && !timed.test(name))).toEqual([]);
});

test('the peer: every write of the clients is found, those of side doors are counted', {
  timeout: PATIENCE_MS,
}, async () => {
  const { checks, figures } = await run('lsn');
  if (!hasPgBouncer()) {
    expect(checks).toContainEqual(expect.objectContaining({ ok: null, reason: NO_PGBOUNCER }));
    expect(figures).toEqual({});
    return;
  }
  const found = figures['pgbouncer lsn'];
  expect(found).toMatchObject({
    changesOfOwner: 2,
    onOwner: { missing: 0, duplicates: 0, extra: 0 },
    onOther: null,
  });
  expect(found.acknowledged).toBeGreaterThan(100);
  expect(found.ownWrites.checked).toBeGreaterThan(50);
  expect(found.writePauseMs.max).toBeGreaterThan(0);
  // They write to the database that was left, and are not stopped: what they were promised is not on the new one.
  expect(found.sideDoors['timer job'].acknowledged).toBeGreaterThan(0);
  expect(found.sideDoors['timer job'].missing).toBeGreaterThan(0);
});
