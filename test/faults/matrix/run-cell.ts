/** One cell: an attempt under load, the hit at its step, and what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mayAbandon } from '@ficus/core';
import { type Cell, type FailureKind, fromOf, kindOf, toOf } from './cells.ts';
import { gatherEvidence } from './evidence.ts';
import { isOver, order, settle } from './settle.ts';
import { PROXIES, SLICE, type Stage } from './stage.ts';
import { strike } from './strike.ts';
import { waitUntil } from './wait-until.ts';

/** `not reached`: the attempt ended before the step, for another reason. */
export type Outcome = 'as before' | 'completed' | 'stuck' | 'not reached';

export interface CellResult extends Cell {
  readonly outcome: Outcome;
  readonly by: 'itself' | 'restart' | 'resume';
  /** Step, code and message of an attempt that did not succeed. */
  readonly why: string;
  /** From the hit to the end of the attempt. */
  readonly ms: number;
  /** The longest time between two acknowledged writes. */
  readonly gapMs: number;
  readonly acknowledged: number;
  readonly failed: Readonly<Record<FailureKind, number>>;
  /** Code → how often. */
  readonly codes: Readonly<Record<string, number>>;
  readonly lost: readonly string[];
  /** Two owners, fences that do not fit, a refused write that has a row. */
  readonly faults: readonly string[];
}

const REACH_MS = 30_000;
/** A hit at the end of a hold, and its longest suspension. */
const END_MS = 30_000;
const MOST_TRIES = 4;

/** @throws Error when the stage does not come to rest */
export async function runCell(stage: Stage, cell: Cell): Promise<CellResult> {
  for (let tries = 1; ; tries += 1) {
    const result = await tryCell(stage, cell);
    if (result.outcome !== 'not reached' || tries === MOST_TRIES) return result;
  }
}

async function tryCell(stage: Stage, cell: Cell): Promise<CellResult> {
  await settle(stage, fromOf(cell));
  stage.load.cell += 1;
  const first = stage.load.records.length;
  const reached = stage.control.trap(cell.step);
  await order(stage, toOf(cell));
  const isReached = await Promise.race([reached.then(() => true), endedBefore(stage)]);
  if (!isReached) return judge(stage, cell, { first, outcome: 'not reached', by: 'itself', ms: 0 });
  const { isEnded, isResumed, ms } = await hitAndFollow(stage, cell);
  const flows = isEnded && (await stage.load.flows(PROXIES, END_MS));
  const restarted = cell.victim === 'coordinator' && cell.signal === 'KILL';
  const by = isResumed ? 'resume' : restarted ? 'restart' : 'itself';
  const outcome = flows ? await outcomeOf(stage) : 'stuck';
  return judge(stage, cell, { first, outcome, by, ms });
}

/** The control plane waits at the step until the victim has been hit, and continues while that is brought back. */
async function hitAndFollow(stage: Stage, cell: Cell) {
  const hitAt = performance.now();
  const recover = await strike(stage, cell);
  stage.control.continue();
  const ended = awaitEnd(stage).then((end) => ({ ...end, ms: Math.round(performance.now() - hitAt) }));
  await recover();
  return ended;
}

/** Resolves with false when the attempt ends without having come to the step. */
async function endedBefore(stage: Stage): Promise<false> {
  await waitUntil(async () => isOver(await stage.client.cutoverState(SLICE)), REACH_MS);
  // It may have reached the step in the same moment.
  await sleep(100);
  return false;
}

async function awaitEnd(stage: Stage): Promise<{ isEnded: boolean; isResumed: boolean }> {
  const ended = async () => isOver(await stage.client.cutoverState(SLICE));
  if (await waitUntil(ended, END_MS)) return { isEnded: true, isResumed: false };
  await stage.client.resumeCutover(SLICE).catch(() => undefined);
  return { isEnded: await waitUntil(ended, END_MS), isResumed: true };
}

async function outcomeOf({ client }: Stage): Promise<Outcome> {
  const { attempt } = await client.cutoverState(SLICE);
  return attempt?.state === 'done' ? 'completed' : 'as before';
}

/** Where and why an attempt ended that did not succeed. */
async function whyOver({ client }: Stage): Promise<string> {
  const { attempt } = await client.cutoverState(SLICE);
  return attempt?.failure ? `${attempt.step}: ${attempt.failure.code} ${attempt.failure.message}` : '';
}

interface Found {
  /** Of the load's records. */
  readonly first: number;
  readonly outcome: Outcome;
  readonly by: CellResult['by'];
  readonly ms: number;
}

async function judge(stage: Stage, cell: Cell, { first, ...found }: Found): Promise<CellResult> {
  const records = stage.load.records.slice(first).filter(({ cell: of }) => of === stage.load.cell);
  const clients = records.filter(({ through }) => typeof through === 'number');
  const { lost, faults } = await gatherEvidence(stage, records);
  const failed = { 'held too long': 0, 'by the victim': 0, other: 0 };
  const codes: Record<string, number> = {};
  for (const { failure } of clients) {
    if (failure === undefined) continue;
    failed[kindOf(cell, failure)] += 1;
    codes[failure] = (codes[failure] ?? 0) + 1;
  }
  const answered = clients.filter(({ failure }) => failure === undefined);
  return {
    ...cell,
    ...found,
    gapMs: longestGap(answered.map(({ endedAt }) => endedAt)),
    acknowledged: records.filter(({ failure }) => failure === undefined).length,
    why: await whyOver(stage).catch(() => ''),
    ...{ failed, codes, lost },
    faults: [...faults, ...describeOutcome(cell, found.outcome)],
  };
}

/** After the journal there is only forward. */
function describeOutcome({ step }: Cell, outcome: Outcome): readonly string[] {
  return outcome === 'as before' && !mayAbandon(step) ? ['undone after the journal'] : [];
}

function longestGap(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(Math.max(0, ...sorted.slice(1).map((at, index) => at - sorted[index]!)));
}
