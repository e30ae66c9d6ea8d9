/**
 * One turn of a fence: compare and set, with what may be tried again meanwhile. A deadlock with DDL (PostgreSQL ends the
 * coordinator, not the DDL) and DDL that is under way on a table pass by; writers that do not end are the caller's
 * decision. Used by the fence.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import type { DrainBlocker, FenceGap, TurnOptions, TurnResult } from './fence.ts';
import { nameFence } from './fence-names.ts';
import { decodeFenceState, encodeFenceState } from './fence-number.ts';
import { describeDrainBlocker } from './read-blockers.ts';

const LOCK_TIMEOUT = '55P03';
const DEADLOCK = '40P01';
const GAPS = 'FI002';
/** Function or schema that does not exist. */
const MISSING = ['42883', '3F000'];
/** Beyond the time for draining: the flush of a commit, and a server that is slow to answer. */
const ANSWER_MS = 10_000;
const PAUSE_MS = 20;

export interface TurnPorts {
  readonly slice: string;
  run<T>(timeoutMs: number, work: (client: pg.Client) => Promise<T>): Promise<T>;
  /** On another session, as this one waits. */
  blockers(): Promise<readonly DrainBlocker[]>;
  gaps(): Promise<readonly (FenceGap & { readonly passing: boolean })[]>;
}

/** @throws FicusError FICUS_FENCE_DRAIN, FICUS_FENCE_GAPS */
export async function turnFence(ports: TurnPorts, options: TurnOptions): Promise<TurnResult> {
  const deadline = performance.now() + options.drainMs;
  for (;;) {
    const leftMs = Math.max(1, Math.ceil(deadline - performance.now()));
    const mayRetry = leftMs > PAUSE_MS;
    const watch = watchBlockers(ports, leftMs);
    try {
      return await ports.run(leftMs + ANSWER_MS, (client) => turnOnce(client, ports.slice, options, leftMs));
    } catch (error) {
      const { code = '' } = error as { code?: string };
      if (MISSING.includes(code)) return { turned: false, found: undefined };
      if (code === LOCK_TIMEOUT) throw drainError(ports.slice, options.drainMs, await watch.seen(), error);
      if (code === GAPS) await refuseGaps(ports, mayRetry, error);
      else if (code !== DEADLOCK || !mayRetry) throw error;
    } finally {
      watch.stop();
    }
    await sleep(PAUSE_MS);
  }
}

interface TurnRow {
  readonly turned: boolean;
  readonly was: string | null;
  readonly lsn: string;
  readonly drained: number;
}

/** One round trip: the fence is held from the moment in which the server has it, not from when we know. */
async function turnOnce(
  client: pg.Client,
  slice: string,
  { expected, wanted }: TurnOptions,
  waitMs: number,
): Promise<TurnResult> {
  const { turn } = nameFence(slice);
  const results = (await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SET LOCAL lock_timeout = ${waitMs}; SET LOCAL synchronous_commit = on;
    SELECT turned, was, lsn::text, drained_ms AS drained FROM ${turn}(${encodeFenceState(expected)}, ${encodeFenceState(wanted)});
    COMMIT`)) as unknown as pg.QueryResult<TurnRow>[];
  const row = results[3]?.rows[0];
  if (!row?.turned) return { turned: false, found: decodeFenceState(row?.was ?? null) };
  return { turned: true, lsn: row.lsn, drainedMs: row.drained };
}

/** Asks shortly before the wait ends who is waited for: afterwards they may be gone. */
function watchBlockers(ports: TurnPorts, waitMs: number) {
  let before: Promise<readonly DrainBlocker[]> = Promise.resolve([]);
  const ask = () => ports.blockers().catch(() => []);
  const timer = setTimeout(() => {
    before = ask();
  }, waitMs * 0.8);
  return {
    stop: () => clearTimeout(timer),
    async seen(): Promise<readonly DrainBlocker[]> {
      const now = await ask();
      return now.length > 0 ? now : before;
    },
  };
}

async function refuseGaps(ports: TurnPorts, mayRetry: boolean, cause: unknown): Promise<void> {
  const gaps = await ports.gaps();
  if (mayRetry && gaps.every(({ passing }) => passing)) return;
  const named = gaps.map(({ table, why }) => `${table} ${why}`).join('; ') || (cause as Error).message;
  throw new FicusError('FICUS_FENCE_GAPS', `Slice “${ports.slice}”: ${named}.`, {
    cause,
    details: { gaps: gaps.map(({ table, why }) => ({ table, why })) },
  });
}

function drainError(
  slice: string,
  drainMs: number,
  blockers: readonly DrainBlocker[],
  cause: unknown,
): FicusError {
  const who =
    blockers.map(describeDrainBlocker).join(', ') ||
    'another turn of the fence, or writers that have ended since';
  return new FicusError('FICUS_FENCE_DRAIN', `Slice “${slice}”: after ${drainMs} ms still open: ${who}.`, {
    cause,
    details: { blockers: blockers.map(({ query: _, ...facts }) => facts) },
  });
}
