/**
 * Whether a cutover may begin as far as writers are concerned: `pass` when all that wrote is explained, and was watched for
 * long enough. Called for the view, and by the coordinator before and during `arm`.
 */
import { formatDuration, type GuardAnswer, type Side, type WriterConfig } from '@ficus/core';
import { explainWriter, nameWriter } from './describe-writer.ts';
import { isExplained, type JudgedWriter } from './judge-writers.ts';
import type { InventoryState } from './writer-inventory.ts';

/** One fence, as last read. */
export interface ObservedSide {
  readonly side: Side;
  /** Why it could not be read, or has not been. */
  readonly problem: string | undefined;
  /** Undefined while there is no fence. */
  readonly mode: 'armed' | 'observe' | 'hold' | 'moved' | undefined;
  /** Tables without its triggers: writers of these are not seen. */
  readonly gaps: readonly string[];
  /** Writes that it could not record since the observation began. */
  readonly missed: number;
}

export interface WriterFacts {
  readonly inventory: Pick<InventoryState, 'since' | 'readAt' | 'beyond'>;
  readonly writers: readonly JudgedWriter[];
  readonly declared: readonly WriterConfig[];
  readonly sides: readonly ObservedSide[];
  readonly owner: Side;
  /** `slices.NAME.writersObservedMs` */
  readonly requiredMs: number;
  readonly now: number;
}

export interface WritersAnswer extends GuardAnswer {
  /** Each a sentence; empty when it passes. */
  readonly reasons: readonly string[];
}

/** Notes are read every few seconds: older ones mean that they cannot be read. */
const FRESH_MS = 60_000;

export function evaluateWriters(facts: WriterFacts): WritersAnswer {
  const unexplained = facts.writers.filter(({ verdict }) => !isExplained(verdict));
  const certain = unexplained.filter(({ verdict }) => verdict !== 'unjudged');
  const failures = [
    ...certain.map((judged) => sentence(judged, facts)),
    ...(facts.inventory.beyond > 0
      ? [`There are more writers than are listed (${facts.inventory.beyond} notes).`]
      : []),
  ];
  const missing = [
    ...missingEvidence(facts),
    ...unexplained.filter(({ verdict }) => verdict === 'unjudged').map((judged) => sentence(judged, facts)),
  ];
  const numbers = {
    unexplained: unexplained.length,
    observedMs: observedMs(facts),
    requiredMs: facts.requiredMs,
  };
  const reasons = [...failures, ...missing];
  const rest = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  if (failures.length > 0) return { answer: 'fail', text: `${failures[0]}${rest}`, numbers, reasons };
  if (missing.length > 0)
    return { answer: 'insufficient evidence', text: `${missing[0]}${rest}`, numbers, reasons };
  const text = `All ${facts.writers.length} writers are explained.`.replace(
    'All 1 writers are',
    'The one writer is',
  );
  return { answer: 'pass', text, numbers, reasons };
}

/** From the beginning to the last reading, while both fences observe. */
export function observedMs({ inventory: { since, readAt } }: Pick<WriterFacts, 'inventory'>): number {
  return since === null || readAt === null ? 0 : Math.max(0, readAt - since);
}

const sentence = (judged: JudgedWriter, { declared }: WriterFacts): string =>
  `${nameWriter(judged.entry)}: ${explainWriter(judged, declared)}`;

function missingEvidence(facts: WriterFacts): string[] {
  const { inventory, sides, owner, writers, requiredMs, now } = facts;
  if (inventory.since === null) return ['Writers are not observed.'];
  const problems = (['legacy', 'candidate'] as const).flatMap((side) =>
    sideProblems(
      side,
      sides.find((one) => one.side === side),
      owner,
    ),
  );
  const observed = observedMs(facts);
  return [
    ...problems,
    ...(problems.length === 0 && (inventory.readAt === null || inventory.readAt < now - FRESH_MS)
      ? ['What the fences have recorded has not been read within the last minute.']
      : []),
    ...(observed < requiredMs
      ? [
          `Writers have been observed for ${formatDuration(observed)} of the ${formatDuration(requiredMs)} that a cutover needs.`,
        ]
      : []),
    ...(writers.some(({ entry }) => entry.side === owner)
      ? []
      : [`No write on the ${owner} has been seen: nothing is shown by that.`]),
  ];
}

const writesOf = (count: number): string => `${count} ${count === 1 ? 'write' : 'writes'}`;

function sideProblems(side: Side, seen: ObservedSide | undefined, owner: Side): string[] {
  if (!seen) return [`The fence of the ${side} has not been read.`];
  if (seen.problem !== undefined) return [`The fence of the ${side} cannot be read: ${seen.problem}`];
  if (seen.mode === undefined) return [`There is no fence on the ${side}.`];
  // The other side's refuses everybody but the stream: there is nothing to observe.
  const isWatched = seen.mode === 'observe' || (side !== owner && seen.mode === 'moved');
  return [
    ...(isWatched ? [] : [`The fence of the ${side} does not observe (it is ${seen.mode}).`]),
    ...(seen.missed > 0
      ? [
          `The fence of the ${side} could not record ${writesOf(seen.missed)} (the table of notes was locked or full, or the disk was slow or full): begin again.`,
        ]
      : []),
    ...seen.gaps.map((gap) => `The fence of the ${side} has a gap: ${gap}.`),
  ];
}
