/**
 * A change of owner in its order, and back again, with the real fences and both streams, beside a writer that knows nothing
 * of it: what it was told is written is on both sides, and at no time did both sides take its writes.
 */
import type { FenceState } from '@ficus/core';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import type { Fence } from '../../../../cdc/fence/fence.ts';
import { openFence } from '../../../../cdc/fence/open-fence.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { type BothWays, startBothWays } from '../rig/both-ways.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const APPLIER = 'postgres';
const WRITER = `writer_${process.pid}`;
const DRAIN_MS = 5_000;
const TABLE = 'CREATE TABLE item (id int PRIMARY KEY, v text)';
const TABLES = [{ from: 'public.item', to: 'public.item' }];

// Its own cluster: a position is unavailable while another test's transaction is open.
let cluster: OwnCluster | undefined;
let both: BothWays | undefined;
let fences: Fence[] = [];
let writer: Promise<void> | undefined;
let writing = false;
afterEach(async () => {
  writing = false;
  await writer;
  for (const fence of fences) await fence.close();
  const { source, target } = both ?? {};
  await both?.replication.stop();
  await both?.reverse.stop();
  for (const client of [source, target]) await client?.query(`DROP OWNED BY ${WRITER} CASCADE`);
  await source?.query(`DROP ROLE ${WRITER}`);
  await both?.drop();
  await cluster?.remove();
  [cluster, both, fences, writer] = [undefined, undefined, [], undefined];
});

/** The state that a side's fence is turned to, and the one that it must have before. */
async function turn(fence: Fence, expected: FenceState, wanted: FenceState) {
  const turned = await fence.turn({ expected, wanted, drainMs: DRAIN_MS });
  if (!turned.turned) throw new Error(`the fence is ${JSON.stringify(turned.found)}`);
  return turned;
}

interface Side {
  readonly fence: Fence;
  /** The stream away from it. */
  readonly stream: Replication;
}

/** The steps from the fence on; `from` owns the slice in epoch `e`, and the other side’s fence stands in `other`. */
async function changeOwner(from: Side, to: Side, was: FenceState, other: FenceState): Promise<void> {
  const epoch = was.epoch + 1;
  const { lsn } = await turn(from.fence, was, { epoch, mode: 'hold' });
  expect(await from.stream.waitForDurable(lsn, 10_000)).toBe(true);
  await turn(from.fence, { epoch, mode: 'hold' }, { epoch, mode: 'moved' });
  for (const { stream } of [from, to]) expect(await stream.changeEpoch(epoch, 10_000)).toBe(true);
  await turn(to.fence, other, { epoch, mode: 'armed' });
}

/** Writes at whichever side takes it, and notes what each side was told to have taken. */
async function write(urls: readonly string[], acknowledged: Set<number>, took: number[]): Promise<void> {
  const clients = urls.map((connectionString) => new pg.Client({ connectionString }));
  for (const client of clients) await client.connect();
  for (let id = 1; writing; id++)
    for (let at = 0; ; at = (at + 1) % clients.length) {
      const taken = await clients[at]!.query('INSERT INTO item VALUES ($1, $2)', [id, `side ${at}`]).then(
        () => true,
        (error: { code?: string }) => {
          if (error.code !== 'FI001') throw error;
          return false;
        },
      );
      if (!taken) continue;
      acknowledged.add(id);
      if (took.at(-1) !== at) took.push(at);
      break;
    }
  for (const client of clients) await client.end();
}

test('there and back, beside a writer', { timeout: 120_000 }, async () => {
  cluster = await startOwnCluster('there-and-back');
  both = await startBothWays(cluster.port, {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: TABLES,
    options: { epoch: 1 },
  });
  const { source, target, sourceUrl, targetUrl, replication, reverse } = both;
  await source.query(`CREATE ROLE ${WRITER} LOGIN`);
  for (const client of [source, target]) await client.query(`GRANT ALL ON item TO ${WRITER}`);
  const [legacyFence, candidateFence] = (['legacy', 'candidate'] as const).map((side) =>
    openFence({
      slice: 'facts',
      side,
      url: side === 'legacy' ? sourceUrl : targetUrl,
      tables: ['public.item'],
      applierRole: APPLIER,
    }),
  ) as [Fence, Fence];
  fences = [legacyFence, candidateFence];
  const armed: FenceState = { epoch: 1, mode: 'armed' };
  await legacyFence.install(armed);
  await candidateFence.install({ epoch: 1, mode: 'moved' });

  const acknowledged = new Set<number>();
  const took: number[] = [];
  writing = true;
  const as = (url: string) => url.replace('//postgres@', `//${WRITER}@`);
  writer = write([as(sourceUrl), as(targetUrl)], acknowledged, took);
  const more = async (count: number) => {
    const goal = acknowledged.size + count;
    await expect.poll(() => acknowledged.size, { interval: 5 }).toBeGreaterThan(goal);
  };
  await more(100);
  const legacy = { fence: legacyFence, stream: replication };
  const candidate = { fence: candidateFence, stream: reverse };
  await changeOwner(legacy, candidate, armed, { epoch: 1, mode: 'moved' });
  await more(100);
  await changeOwner(candidate, legacy, { epoch: 2, mode: 'armed' }, { epoch: 2, mode: 'moved' });
  await more(100);
  writing = false;
  await writer;

  await both.settle();
  await both.settleBack();
  expect(took).toEqual([0, 1, 0]);
  for (const client of [source, target]) {
    const { rows } = await client.query<{ id: number }>('SELECT id FROM item');
    expect(new Set(rows.map(({ id }) => id))).toEqual(acknowledged);
  }
  const options = { slice: 'facts', tables: parseConfigTables(TABLES), mode: 'full' } as const;
  const [there, back] = [
    { sourceUrl, targetUrl, stream: replication },
    { sourceUrl: targetUrl, targetUrl: sourceUrl, stream: reverse, direction: 'reverse' as const },
  ];
  for (const way of [there, back])
    expect(await verifySlice({ ...options, ...way })).toMatchObject({
      verdict: 'match',
      atOnePosition: true,
    });
  for (const stream of [replication, reverse])
    expect(stream.status()).toMatchObject({ state: 'streaming', problem: undefined });
});
