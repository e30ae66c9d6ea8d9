/** Reads what the judges need: rows of both databases with the time of their commit, the journal, both fences. */
import { openFence } from '@ficus/cdc';
import type { FenceState, Side } from '@ficus/core';
import {
  describeFences,
  findForeignWrites,
  findLost,
  findRefusedButWritten,
  type NativeWrite,
  type OwnerChange,
} from './judge-cell.ts';
import type { WriteRecord } from './load.ts';
import { SLICE, type Stage } from './stage.ts';
import { waitUntil } from './wait-until.ts';

interface Evidence {
  readonly lost: readonly string[];
  readonly faults: readonly string[];
}

/** The streams bring what was written last. */
const ARRIVE_MS = 30_000;

/**
 * @param records of one cell, or of all; the rows of their cells are read
 * @param arriveMs how long streams and fences may take to come to rest
 */
export async function gatherEvidence(
  stage: Stage,
  records: readonly WriteRecord[],
  arriveMs = ARRIVE_MS,
): Promise<Evidence> {
  const cells = [...new Set(records.map(({ cell }) => cell))];
  const acknowledged = records.filter(({ failure }) => failure === undefined).map(({ tag }) => tag);
  const refused = records
    .filter(({ failure }) => failure === 'FICUS_PROXY_WRITES_HELD')
    .map(({ tag }) => tag);
  let lost: readonly string[] = ['the databases cannot be read'];
  let tags = { legacy: new Set<string>(), candidate: new Set<string>() };
  await waitUntil(async () => {
    tags = {
      legacy: await tagsOf(stage, 'legacy', cells),
      candidate: await tagsOf(stage, 'candidate', cells),
    };
    lost = findLost(acknowledged, tags);
    return lost.length === 0;
  }, arriveMs);
  const natives = [
    ...(await nativesOf(stage, 'legacy', cells)),
    ...(await nativesOf(stage, 'candidate', cells)),
  ];
  const foreign = findForeignWrites(natives, await changesOf(stage));
  const twice = findRefusedButWritten(refused, tags);
  const fences = await findFences(stage, arriveMs);
  return {
    lost,
    faults: [
      ...foreign.map((write) => `two owners: ${write}`),
      ...twice.map((tag) => `refused, and written: ${tag}`),
      ...(fences === undefined ? [] : [fences]),
    ],
  };
}

/** While nothing writes. @returns undefined when both databases hold the same rows */
export async function findDifference(stage: Stage): Promise<string | undefined> {
  let difference: string | undefined = 'the databases cannot be read';
  await waitUntil(async () => {
    const [legacy, candidate] = [await sumOf(stage, 'legacy'), await sumOf(stage, 'candidate')];
    difference =
      legacy === candidate ? undefined : `the rows differ: legacy ${legacy}, candidate ${candidate}`;
    return difference === undefined;
  }, ARRIVE_MS);
  return difference;
}

/** Number of rows, and a sum over all of them. */
async function sumOf(stage: Stage, side: Side): Promise<string> {
  const [row] = await stage.query<{ sum: string }>(
    side,
    'SELECT concat(count(*), $$ $$, sum(hashtextextended(orders::text, 0))) AS sum FROM orders',
  );
  return row?.sum ?? '';
}

async function tagsOf(stage: Stage, side: Side, cells: readonly number[]): Promise<Set<string>> {
  const rows = await stage.query<{ tag: string }>(side, 'SELECT tag FROM orders WHERE cell = ANY ($1)', [
    cells,
  ]);
  return new Set(rows.map(({ tag }) => tag));
}

/** Rows that this side took itself, not from the stream. */
async function nativesOf(stage: Stage, side: Side, cells: readonly number[]): Promise<NativeWrite[]> {
  const rows = await stage.query<{ tag: string; at: string }>(
    side,
    `SELECT tag, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint AS at FROM orders
     WHERE side = $1 AND cell = ANY ($2)`,
    [side, cells],
  );
  return rows.map(({ tag, at }) => ({ tag, side, atUs: Number(at) }));
}

async function changesOf(stage: Stage): Promise<OwnerChange[]> {
  const rows = await stage.query<{ to: Side; at: string }>(
    'control',
    `SELECT new_owner AS to, (extract(epoch FROM journaled_at) * 1000000)::bigint AS at FROM ficus_control.attempt
     WHERE journaled_at IS NOT NULL ORDER BY id`,
  );
  return rows.map(({ to, at }) => ({ to, atUs: Number(at) }));
}

/** At rest; a fence that is still being sealed is looked at again. */
async function findFences(stage: Stage, arriveMs: number): Promise<string | undefined> {
  let found: string | undefined = 'the fences cannot be read';
  await waitUntil(async () => {
    const { owner, epoch } = await stage.client.cutoverState(SLICE);
    const fences = { legacy: await fenceOf(stage, 'legacy'), candidate: await fenceOf(stage, 'candidate') };
    found = describeFences(owner, epoch, fences);
    return found === undefined;
  }, arriveMs);
  return found;
}

async function fenceOf(stage: Stage, side: Side): Promise<FenceState | undefined> {
  const fence = openFence({
    slice: SLICE,
    side,
    url: stage.url(side),
    tables: ['orders'],
    applierRole: 'postgres',
  });
  try {
    return await fence.state();
  } finally {
    await fence.close();
  }
}
