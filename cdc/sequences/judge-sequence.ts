/**
 * Whether a sequence of the new owner is ahead of all that the old owner has given out, and where it has to be set. Pure:
 * setting, comparing and checking all decide here.
 *
 * `last_value` of a sequence already counts what sessions have in their caches. Headroom is for what the old owner gives
 * between setting and comparing, so that the comparison in the hold finds nothing to do.
 */

import { rangeOfType } from './sequence-facts.ts';
import type { PlannedSequence } from './sequence-plan.ts';

/** A sequence as its own relation shows it. */
export interface Reading {
  readonly last: bigint;
  /** False: `last` itself is given next. */
  readonly called: boolean;
}

export interface Readings {
  /** Of the new owner's sequence. */
  readonly own: Reading;
  /** Of the old owner's, as in `before`. */
  readonly before: readonly Reading[];
  /** Keys at the far end, of the columns on both sides; for a descending sequence the least. */
  readonly keys: readonly bigint[];
}

export interface Judgement {
  /** The value that it gives next. */
  readonly next: bigint;
  /** The first that it may give. */
  readonly need: bigint;
  readonly ahead: boolean;
  /** Where it is to be set, when it is not far enough ahead; undefined: it stays. */
  readonly goal: bigint | undefined;
  /** Values that are left before it ends, behind `goal` or `next`. */
  readonly room: bigint;
  /** The headroom fits into the range of sequence and columns. */
  readonly fits: boolean;
}

export const DEFAULT_HEADROOM = 10_000n;

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

export interface HeadroomOptions {
  /** Sessions of the old owner. */
  readonly connections: number;
  /** Values beyond those in use; by default at least 10,000. */
  readonly headroom?: bigint;
}

export function judgeSequence(
  planned: PlannedSequence,
  { own, before, keys }: Readings,
  options: HeadroomOptions,
): Judgement {
  const { increment, max, min } = planned.sequence;
  const sign = increment > 0n ? 1n : -1n;
  const step = abs(increment);
  const next = own.called ? own.last + increment : own.last;
  // Everything is mirrored for a descending sequence, so that “further” is “greater”.
  const given = before.map(({ last, called }, at) => {
    const old = planned.before[at]!;
    // An application that takes blocks (Hibernate) uses a whole increment around each value.
    const block = abs(old.increment) + step - 1n;
    // One that runs the other way has given nothing beyond its own beginning.
    if (old.increment > 0n !== increment > 0n) return sign * (old.increment > 0n ? old.min : old.max) + block;
    return sign * (called ? last : last - old.increment) + block;
  });
  const used = keys.map((key) => sign * key + step);
  const needed = [...given, ...used].reduce(larger, sign * (increment > 0n ? min : max));
  const last = sign * endOf(planned);
  const wanted = headroomOf(planned, options, last - needed);
  const isFar = sign * next >= needed + wanted.headroom / 2n;
  const start = larger(needed, sign * next) + wanted.headroom;
  // Sequences that take turns (odd and even, say) keep to their own values.
  const goal = sign * next + ((start - sign * next + step - 1n) / step) * step;
  const set = isFar ? undefined : goal;
  return {
    next,
    need: sign * needed,
    ahead: sign * next >= needed && sign * next <= last,
    goal: set === undefined ? undefined : sign * set,
    room: (last - (set ?? sign * next)) / step,
    fits: wanted.fits && (set ?? sign * next) <= last,
  };
}

/** The last value that both the sequence and its columns hold. */
function endOf({ sequence, columns }: PlannedSequence): bigint {
  const ranges = columns.flatMap(({ column }) => rangeOfType(column.type) ?? []);
  if (sequence.increment > 0n) return ranges.reduce((end, { max }) => (max < end ? max : end), sequence.max);
  return ranges.reduce((end, { min }) => larger(end, min), sequence.min);
}

/** A small range (smallint) keeps nine tenths of what is left of it, but never gets less than the caches may take. */
function headroomOf(
  { sequence, before }: PlannedSequence,
  { connections, headroom = DEFAULT_HEADROOM }: HeadroomOptions,
  room: bigint,
): { readonly headroom: bigint; readonly fits: boolean } {
  const caches = before.map(({ cache, increment }) => cache * BigInt(connections) * abs(increment));
  const least = caches.reduce(larger, abs(sequence.increment));
  const wanted = larger(headroom * abs(sequence.increment), 2n * least);
  if (room >= 10n * wanted) return { headroom: wanted, fits: true };
  const reduced = larger(room / 10n, least);
  return { headroom: reduced < wanted ? reduced : wanted, fits: room > least };
}
