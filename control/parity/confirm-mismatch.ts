/**
 * A mismatch that replication lag might explain is asked again, in an order that leaves lag no excuse:
 *
 *     ask the owner → take a position → wait until the stream has applied it → ask the other side → ask the owner again
 *
 * What the other side answers is then at least as new as the owner's first answer. Equal to either of the owner's
 * answers: the first difference was lag (`stale`). Different although the owner said the same twice: a mismatch.
 * Where the owner does not agree with itself, nothing can be proved there, and the answer says so.
 */
import { type Difference, type ObservedResponse, otherSide, type Side, type Verdict } from '@ficus/core';

export interface ConfirmContext {
  readonly owner: Side;
  ask(side: Side): Promise<ObservedResponse>;
  /** Position now, then wait for it; false when the stream did not get there in time. */
  catchUp(): Promise<boolean>;
  compare(legacy: ObservedResponse, candidate: ObservedResponse): Verdict;
}

const ATTEMPTS = 3;

/** The verdict that takes the place of the first mismatch. */
export async function confirmMismatch(
  first: Extract<Verdict, { kind: 'mismatch' }>,
  context: ConfirmContext,
): Promise<Verdict> {
  let last: Verdict = first;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await context.ask(context.owner);
    if (!(await context.catchUp()))
      return { kind: 'inconclusive', reason: 'the stream did not catch up in time to compare again' };
    const other = await context.ask(otherSide(context.owner));
    const after = await context.ask(context.owner);

    const against = compareOwner(context, before, other);
    if (agrees(against) || agrees(compareOwner(context, after, other)))
      return { kind: 'stale', differences: first.differences };
    if (against.kind !== 'mismatch') return against;
    const self = context.compare(before, after);
    if (agrees(self)) return against;
    // Somebody wrote in between, or the owner is never the same twice: the next attempt tells.
    last = selfDisagreement(self, against.differences) ?? against;
  }
  return last;
}

const agrees = (verdict: Verdict): boolean => verdict.kind === 'match' || verdict.kind === 'noise';

function compareOwner(context: ConfirmContext, owner: ObservedResponse, other: ObservedResponse): Verdict {
  return context.owner === 'legacy' ? context.compare(owner, other) : context.compare(other, owner);
}

/** `undefined` when a difference lies at a place where the owner agreed with itself. */
function selfDisagreement(self: Verdict, differences: readonly Difference[]): Verdict | undefined {
  if (self.kind !== 'mismatch')
    return { kind: 'inconclusive', reason: 'the owner failed while it was asked again' };
  const unsteady = new Set(self.differences.map(({ path }) => path));
  if (!differences.every(({ path }) => unsteady.has(path))) return undefined;
  const places = [...unsteady].map((path) => path.replace(/\[\d+\]/g, '[*]'));
  return {
    kind: 'inconclusive',
    reason: `the owner does not agree with itself at ${[...new Set(places)].slice(0, 3).join(', ')}`,
  };
}
