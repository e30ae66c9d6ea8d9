/**
 * The owners of the slices on disk. A proxy that starts while the control plane is away continues with them: otherwise a
 * restart during an outage would send a slice's writes, and its users' reads, to the side that it was moved away from. An
 * attempt that was under way then is kept as well: without a lease its writes wait, and are refused until the control plane
 * is back. A machine that has never heard of the control plane begins with the legacy, whose fence refuses such writes.
 */
import type { Side, SliceState } from '@ficus/core';
import { KeptFile } from '../files/kept-file.ts';

export type KeptStates = Readonly<Record<string, SliceState>>;

export class KeptOwners {
  readonly #file: KeptFile;
  #text = '';

  constructor(file: string, onProblem: (message: string) => void) {
    const consequence =
      'until they can, a restart while the control plane is away takes older ones, or the legacy for all.';
    this.#file = new KeptFile({ file, what: 'owners of the slices', consequence, onProblem });
  }

  keep(slices: KeptStates): void {
    const text = JSON.stringify({ slices });
    if (text !== this.#text) this.#file.keep(text);
    this.#text = text;
  }

  settled(): Promise<void> {
    return this.#file.settled();
  }

  last(): Promise<KeptStates | undefined> {
    return this.#file.read(readStates);
  }
}

/** @throws Error that says what is wrong with it */
export function readStates(text: string): KeptStates {
  const { slices } = Object(JSON.parse(text)) as { slices?: unknown };
  if (typeof slices !== 'object' || slices === null) throw new Error('it has no slices');
  const states = Object.entries(slices).map(([slice, state]) => [slice, readState(slice, state)] as const);
  return Object.fromEntries(states);
}

const SIDES: readonly unknown[] = ['legacy', 'candidate'] satisfies Side[];
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readState(slice: string, value: unknown): SliceState {
  const { owner, epoch, writes, attempt, leaseMs, waitMs, lacks } = Object(value) as Record<string, unknown>;
  const isOwned = SIDES.includes(owner) && isCount(epoch);
  const isAttempt = (writes === 'leased' || writes === 'held') && [attempt, leaseMs, waitMs].every(isCount);
  if (!isOwned || !(writes === 'open' || isAttempt)) throw new Error(`the state of ${slice} is malformed`);
  const ownership = { owner, epoch, ...(lacks === 'rows' || lacks === 'changes' ? { lacks } : {}) };
  const rest = writes === 'open' ? { writes } : { writes, attempt, leaseMs, waitMs };
  return { ...ownership, ...rest } as SliceState;
}
