/** The view of a slice's attempt: the one under way, or the last. */
import type { AttemptView, CutoverView } from '@ficus/contract';
import { CUTOVER_STEPS, type CutoverStep, describeError, nameSlice, nameSliceIn } from '@ficus/core';
import type { AttemptRow, PausePart, Refusal } from '../cutover/attempt.ts';
import type { Coordinator } from '../cutover/coordinator.ts';
import type { WriteStates } from '../cutover/write-states.ts';
import type { SliceStates } from '../store/slice-states.ts';
import { evaluatePause } from './evaluate-pause.ts';

export interface CutoverParts {
  readonly states: SliceStates;
  readonly writes: WriteStates;
  readonly coordinator: Coordinator;
}

export function buildCutoverView({ states, writes, coordinator }: CutoverParts, slice: string): CutoverView {
  const { owner, epoch, retired } = states.of(slice);
  const row = coordinator.attempt(slice);
  return {
    ...{ slice, owner, epoch, retired },
    version: coordinator.version(slice),
    inconsistency: coordinator.inconsistency(slice) ?? null,
    repair: coordinator.repair(slice) ?? null,
    attempt: row === undefined ? null : buildAttemptView(row, writes),
  };
}

function buildAttemptView(row: AttemptRow, writes: WriteStates): AttemptView {
  const { operation, to, epoch, noWayBack, actor, reason, step, failure, timings, notes, report } = row;
  const isRunning = row.finishedAt === null;
  return {
    ...{ operation, newOwner: to, epoch, noWayBack, actor, reason, step },
    dryRun: row.rehearsal,
    state: stateOf(row),
    steps: CUTOVER_STEPS.map((one) => stepView(row, one)),
    pauseMs: evaluatePause(row),
    barrier: row.barrier,
    failure: failure && { step: failure.step, ...problemOf(row, failure) },
    refusals: (report.refusals ?? []).map((refusal) => problemOf(row, refusal)),
    notes: notes.map((note) => nameSlice(note, row.slice)),
    asBefore: (report.asBefore ?? []).map((note) => nameSlice(note, row.slice)),
    estimate: report.estimate ? buildEstimate(report.estimate, timings.lease) : null,
    endless: [...((isRunning ? writes.endless(row) : report.endless) ?? [])],
    proxies: isRunning ? buildProxies(row, writes) : [],
    startedAt: row.startedAt,
    journaledAt: row.journaledAt,
    finishedAt: row.finishedAt,
  };
}

function stateOf({ outcome, finishedAt, journaledAt, failure }: AttemptRow): AttemptView['state'] {
  if (finishedAt !== null && outcome !== null) return outcome;
  if (journaledAt !== null) return 'completing';
  return outcome !== null || failure !== null ? 'abandoning' : 'running';
}

function stepView(row: AttemptRow, step: CutoverStep): AttemptView['steps'][number] {
  const ms = row.timings[step] ?? null;
  const tries = row.report.tries?.[step];
  return { step, state: stepStateOf(row, step), ms, ...(tries !== undefined && { tries }) };
}

function stepStateOf(row: AttemptRow, step: CutoverStep): AttemptView['steps'][number]['state'] {
  const { timings, failure, finishedAt } = row;
  if (failure?.step === step) return 'failed';
  if (timings[step] !== undefined) return 'done';
  if (finishedAt !== null) return 'skipped';
  const isNow = row.step === step && row.outcome === null && failure === null;
  return isNow ? 'running' : 'waiting';
}

/** @param leaseMs how long the proxies took to acknowledge: holding takes as long, and what they have in flight */
function buildEstimate(parts: readonly PausePart[], leaseMs = 0): AttemptView['estimate'] {
  const all = [{ part: 'proxies' as const, ms: leaseMs }, ...parts];
  return { pauseMs: all.reduce((sum, { ms }) => sum + ms, 0), parts: all };
}

function buildProxies(row: AttemptRow, writes: WriteStates): AttemptView['proxies'] {
  return writes.members(row).map(({ name, connected, hold }) => ({
    proxy: name,
    connected,
    writes: hold?.writes ?? 'open',
    inFlight: hold?.inFlight ?? 0,
    held: hold?.held ?? 0,
  }));
}

const problemOf = ({ slice }: AttemptRow, { code, message }: Refusal) =>
  nameSliceIn({ code, message, remedy: describeError(code).remedy }, slice);
