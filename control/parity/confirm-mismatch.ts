/**
 * A mismatch that replication lag might explain is compared again, once, in an order that rules lag out:
 *
 *     take a position → wait until the stream has applied it → ask the other side → ask the owner
 *
 * The other side's answer is then at least as new as the owner's first answer, which the proxy observed. If it equals
 * either of the owner's answers, the first difference was lag (`stale`). If it differs although the owner answered the
 * same twice, it is a mismatch. If the owner's two answers differ, or cannot be compared, nothing can be proved, and the
 * verdict says so.
 */
import { setImmediate } from 'node:timers/promises';
import { type Difference, type ObservedResponse, otherSide, type Side, type Verdict } from '@ficus/core';
import { generalPath, isRefusal } from '@ficus/parity';

interface ConfirmContext {
  readonly owner: Side;
  /** The owner's answer to the original request. */
  readonly before: ObservedResponse;
  ask(side: Side): Promise<ObservedResponse>;
  /** Takes a position and waits for it; false when the stream did not get there in time. */
  catchUp(): Promise<boolean>;
  compare(legacy: ObservedResponse, candidate: ObservedResponse): Verdict;
}

/** The verdict that replaces the first mismatch. */
export async function confirmMismatch(
  first: Extract<Verdict, { kind: 'mismatch' }>,
  context: ConfirmContext,
): Promise<Verdict> {
  const { owner, before } = context;
  if (!(await context.catchUp()))
    return { kind: 'inconclusive', reason: 'the stream did not catch up in time to compare again' };
  const other = await context.ask(otherSide(owner));
  const after = await context.ask(owner);

  const against = compareOwner(context, before, other);
  if (agrees(against)) return { kind: 'stale', differences: first.differences };
  // Bodies may be long: other work of the process gets its turn between two comparisons.
  await setImmediate();
  if (agrees(compareOwner(context, after, other))) return { kind: 'stale', differences: first.differences };
  if (against.kind !== 'mismatch') return against;
  if ('failed' in after || after.status >= 500)
    return { kind: 'inconclusive', reason: 'the owner failed when it was asked again' };
  await setImmediate();
  return selfDisagreement(context.compare(before, after), after.status, against.differences) ?? against;
}

const agrees = (verdict: Verdict): boolean => verdict.kind === 'match' || verdict.kind === 'noise';

function compareOwner(context: ConfirmContext, owner: ObservedResponse, other: ObservedResponse): Verdict {
  return context.owner === 'legacy' ? context.compare(owner, other) : context.compare(other, owner);
}

/** `undefined` when a difference lies at a place where the owner agreed with itself. */
function selfDisagreement(
  self: Verdict,
  status: number,
  differences: readonly Difference[],
): Verdict | undefined {
  if (self.kind !== 'mismatch') {
    if (agrees(self) || isRefusal(status)) return undefined;
    // Its bodies were not compared, or nothing was.
    return differences.every(({ path }) => isInBody(path)) ? self : undefined;
  }
  const unsteady = new Set(self.differences.map(({ path }) => path));
  if (!differences.every(({ path }) => unsteady.has(path))) return undefined;
  const places = [...unsteady].map((path) => generalPath(path));
  return {
    kind: 'inconclusive',
    reason: `the owner’s own answers differ at ${[...new Set(places)].slice(0, 3).join(', ')}`,
  };
}

const isInBody = (path: string): boolean => path === 'body' || path.startsWith('$');
