/** Two processes for one slice: the second stands by, and takes over within seconds after the first is killed. */
import { afterEach, beforeAll, expect, test } from 'vitest';
import { EngineProcess } from '../faults/engine-process.ts';
import { createDatabasePair, type DatabasePair } from '../integration/cdc/rig/database-pair.ts';
import { type OwnCluster, startOwnCluster } from '../integration/cdc/rig/own-cluster.ts';
import { parseConfigTables } from '../integration/cdc/rig/parse-tables.ts';

/** By default the second tries once a second; the rest is for connecting, on busy cores. */
const BOUND_MS = 8_000;

let cluster: OwnCluster;
let pair: DatabasePair | undefined;
const processes: EngineProcess[] = [];
beforeAll(async () => {
  cluster = await startOwnCluster('take-over');
  return () => cluster.remove();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.kill()));
  await pair?.drop();
  pair = undefined;
});

test('a standby process takes over from a killed one', async () => {
  pair = await createDatabasePair(cluster.port);
  const { source, target, sourceUrl, targetUrl } = pair;
  await source.query('CREATE TABLE item (id int PRIMARY KEY)');
  await target.query('CREATE TABLE item (id int PRIMARY KEY)');
  const tables = parseConfigTables([{ from: 'item', to: 'item' }]);
  const start = () => {
    const started = new EngineProcess({ slice: 'pair', tables, sourceUrl, targetUrl });
    processes.push(started);
    return started;
  };
  const first = start();
  await expect.poll(() => first.status?.state).toBe('streaming');
  const second = start();
  await expect.poll(() => second.status?.state).toBe('standby');
  for (const round of [1, 2]) {
    const [gone, next] = round === 1 ? [first, second] : [processes[1]!, processes[2]!];
    await source.query('INSERT INTO item SELECT generate_series($1::int, $1 + 999)', [round * 10_000]);
    const killed = Date.now();
    await gone.kill();
    await source.query('INSERT INTO item VALUES ($1)', [round]);
    const present = async () => (await target.query('SELECT FROM item WHERE id = $1', [round])).rowCount;
    await expect.poll(present).toBe(1);
    expect(Date.now() - killed).toBeLessThan(BOUND_MS);
    await expect.poll(() => next.status?.state).toBe('streaming');
    if (round === 1) {
      const third = start();
      await expect.poll(() => third.status?.state).toBe('standby');
    }
  }
  expect((await target.query('SELECT count(*)::int AS rows FROM item')).rows).toEqual([{ rows: 2002 }]);
});
