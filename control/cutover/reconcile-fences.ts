/**
 * Brings a slice's fences in line with its owner while no attempt is under way: writers pass at the owner, and at the other
 * side only the stream does, once the slice has had a change of owner. Anything else was left by a process that ended at the
 * wrong moment, turned by hand, or lost with what a standby had not received or a backup did not have. Called at intervals, and
 * by `--resume`.
 */
import { type FenceState, otherSide, type Side } from '@ficus/core';
import { type DecideTurn, turnFence } from './fence-turns.ts';
import type { FencePort } from './ports.ts';

const DRAIN_MS = 1_000;
const lets = ({ mode }: FenceState): boolean => mode === 'armed' || mode === 'observe';

/** What does not fit, and is not changed here. */
export interface Misfit {
  /** In a sentence. */
  readonly text: string;
  /** What to do, where `--resume` repairs nothing. */
  readonly repair?: string | undefined;
}

export interface SliceFences {
  /** As the control database has it. */
  readonly ownedBy: Side;
  /** Of the owner's database. */
  readonly owner: FencePort;
  readonly other: FencePort;
  /** Of the slice; 1 before its first change of owner. */
  readonly epoch: number;
  /** Of attempts that ended before the journal: nothing belongs to them any more. */
  readonly ended: ReadonlySet<number>;
}

export async function reconcileFences(fences: SliceFences): Promise<Misfit | undefined> {
  const { owner, other, epoch, ended } = fences;
  const shut = await turnFence(other, undefined, decideOther(epoch), DRAIN_MS);
  const left = await turnFence(owner, undefined, decideOwner(ended), DRAIN_MS);
  if (left && !lets(left)) return describeShut(fences, left, shut);
  if (epoch === 1) return undefined;
  if (!shut) return { text: 'The old owner has no fence any more: what is written there is lost.' };
  const gaps = await other.gaps();
  if (gaps.length === 0) return undefined;
  const named = gaps.map(({ table, why }) => `${table} ${why}`).join('; ');
  return { text: `The old owner’s fence has a gap, and what is written through it is lost: ${named}.` };
}

/** The fence of the owner refuses writers. Where the other one lets them pass, both know of a change that the journal has not. */
function describeShut({ ownedBy, epoch }: SliceFences, left: FenceState, other?: FenceState): Misfit {
  const newer = otherSide(ownedBy);
  if (left.mode === 'moved' && left.epoch > epoch && other && other.epoch >= left.epoch && lets(other))
    return {
      text: `The fences say that the ${newer} owns the writes, since epoch ${left.epoch}: that of the ${ownedBy} refuses writers, and that of the ${newer} lets them pass. The control database does not know of it: it is a new one, or was restored from before.`,
      repair: 'give the control plane the database that it had then (control.database, or a later backup)',
    };
  return {
    text: `The owner’s fence is in ${left.mode} of epoch ${left.epoch}, which no attempt in the journal explains.`,
    repair: `only you know whether the ${newer} has taken writes since; see docs/operations/cutover.md, “Half states”`,
  };
}

/**
 * A process that was paused may see a fence of a time when the owner had changed: so only what an attempt left that is known
 * to have ended is lifted, in its own epoch.
 */
export function decideOwner(ended: ReadonlySet<number>): DecideTurn {
  return (found) =>
    found.mode === 'hold' && ended.has(found.epoch) ? { epoch: found.epoch, mode: 'armed' } : undefined;
}

/** The stream's mark is the slice's epoch. Before the first change of owner the fence need not stand. */
export function decideOther(epoch: number): DecideTurn {
  return (found) => {
    if (found.epoch > epoch || (found.epoch === epoch && found.mode === 'moved')) return undefined;
    return lets(found) && epoch === 1 ? undefined : { epoch, mode: 'moved' };
  };
}
