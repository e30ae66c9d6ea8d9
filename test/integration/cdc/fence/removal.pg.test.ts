/** `ficus remove` takes a fence away, with the schema when it was the last; but none that keeps writers out. */
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import type { Fence } from '../../../../cdc/fence/fence.ts';
import { openFence } from '../../../../cdc/fence/open-fence.ts';
import type { RemovalPlan } from '../../../../cdc/removal/removal-plan.ts';
import { planStreamRemoval, runRemoval } from '../../../../cdc/removal/stream-removal.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';

const DDL = `CREATE TABLE orders (id serial PRIMARY KEY, note text);
  CREATE TABLE events (id int, at int) PARTITION BY RANGE (at); CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (10)`;
const TABLES = ['public.orders', 'public.events'];
let pair: DatabasePair;
let fences: Fence[];

beforeEach(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  fences = [];
  for (const client of [pair.source, pair.target]) await client.query(DDL);
});
afterEach(async () => {
  await Promise.all(fences.map((fence) => fence.close()));
  await pair.drop();
});

function open(side: 'legacy' | 'candidate', slice = 'orders'): Fence {
  const url = side === 'legacy' ? pair.sourceUrl : pair.targetUrl;
  const fence = openFence({ slice, side, url, tables: TABLES, applierRole: 'postgres' });
  fences.push(fence);
  return fence;
}

async function plan(slice = 'orders'): Promise<{ source: RemovalPlan; target: RemovalPlan }> {
  const { source, targets } = await planStreamRemoval({
    slice,
    sourceUrl: pair.sourceUrl,
    targetUrls: [pair.targetUrl],
    slots: [],
    last: false,
  });
  if (source?.kind !== 'planned' || targets[0]?.kind !== 'planned')
    throw new Error(JSON.stringify({ source, targets }));
  return { source: source.plan, target: targets[0].plan };
}

const left = async (client = pair.source) =>
  (
    await client.query(
      `SELECT to_regnamespace('ficus_fence') IS NOT NULL AS schema, (SELECT count(*)::int FROM pg_trigger WHERE tgname LIKE '00\\_ficus%') AS triggers`,
    )
  ).rows[0];

test('on both sides: triggers table by table, then the rest with the schema; shown first, and harmless when run again', async () => {
  await open('legacy').install({ epoch: 1, mode: 'observe' });
  await open('candidate').install({ epoch: 1, mode: 'moved' });
  expect(await left()).toEqual({ schema: true, triggers: 3 });
  const { source, target } = await plan();
  for (const [url, { steps, remnants, inUse }] of [
    [pair.sourceUrl, source],
    [pair.targetUrl, target],
  ] as const) {
    expect(inUse).toBe(undefined);
    expect(remnants).toEqual([]);
    expect(steps.map(({ verb, what }) => `${verb} ${what}`)).toEqual([
      'drop the fence’s triggers on public.events',
      'drop the fence’s triggers on public.events_low',
      'drop the fence’s triggers on public.orders',
      expect.stringMatching(/^drop the fence of orders .*the schema ficus_fence/),
    ]);
    for (let run = 0; run < 2; run++)
      expect(await runRemoval(url, steps)).toEqual(steps.map(() => ({ outcome: 'done' })));
  }
  for (const client of [pair.source, pair.target])
    expect(await left(client)).toEqual({ schema: false, triggers: 0 });
  expect((await plan()).source.steps).toEqual([]);
});

test('the fence of another slice stays, with its notes', async () => {
  await open('legacy').install({ epoch: 1, mode: 'armed' });
  const other = open('legacy', 'others');
  await other.install({ epoch: 3, mode: 'observe' });
  await pair.source.query(`INSERT INTO orders (note) VALUES ('n')`);
  const { source } = await plan();
  expect(await runRemoval(pair.sourceUrl, source.steps)).toEqual(
    source.steps.map(() => ({ outcome: 'done' })),
  );
  expect(await other.state()).toEqual({ epoch: 3, mode: 'observe' });
  expect(await other.gaps()).toEqual([]);
  expect(await other.notes()).toHaveLength(1);
  const last = (await plan('others')).source.steps;
  await runRemoval(pair.sourceUrl, last);
  expect(await left()).toEqual({ schema: false, triggers: 0 });
});

test('one that holds keeps everything: a cutover is under way', async () => {
  const fence = open('legacy');
  await fence.install({ epoch: 1, mode: 'armed' });
  const before = (await plan()).source.steps;
  await fence.turn({
    expected: { epoch: 1, mode: 'armed' },
    wanted: { epoch: 2, mode: 'hold' },
    drainMs: 1_000,
  });
  expect((await plan()).source).toMatchObject({
    steps: [],
    inUse: expect.stringContaining('ficus cutover orders --resume'),
  });
  // Planned before the hold, carried out in it.
  for (const result of await runRemoval(pair.sourceUrl, before))
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: 'the fence of slice orders keeps writers out: it stays',
    });
  expect(await fence.gaps()).toEqual([]);
});

test('the monolith’s, once the service owns the rows, stays and is named with the SQL that removes it', async () => {
  const fence = open('legacy');
  await fence.install({ epoch: 1, mode: 'moved' });
  const { source } = await plan();
  expect(source).toMatchObject({ steps: [], inUse: undefined });
  expect(source.remnants).toEqual([
    {
      what: expect.stringContaining('stays on the monolith’s tables'),
      sql: expect.stringContaining('DROP SCHEMA'),
    },
  ]);
  expect(await left()).toEqual({ schema: true, triggers: 3 });
  await pair.source.query(source.remnants[0]!.sql!);
  expect(await left()).toEqual({ schema: false, triggers: 0 });
});

test('another role’s: named, and incomplete without it', async () => {
  await open('legacy').install({ epoch: 1, mode: 'armed' });
  const role = `stranger_${Date.now()}`;
  await pair.source.query(`CREATE ROLE ${role} LOGIN`);
  const { source } = await planStreamRemoval({
    slice: 'orders',
    sourceUrl: pair.sourceUrl.replace('postgres@', `${role}@`),
    targetUrls: [],
    slots: [],
    last: false,
  });
  await pair.source.query(`DROP ROLE ${role}`);
  expect(source).toMatchObject({
    kind: 'planned',
    plan: {
      steps: [],
      remnants: [{ what: expect.stringContaining('belongs to role postgres'), missing: true }],
    },
  });
});
