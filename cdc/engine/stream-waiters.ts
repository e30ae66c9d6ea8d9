/** Who waits for a stream: until a position is applied, until it is durable on the target, until the target has an epoch. */
import type { Positions } from '../positions.ts';
import { PositionWaiters } from './position-waiters.ts';

type Reached = Pick<Positions, 'applied' | 'durable' | 'checkpoint'>;

export class StreamWaiters {
  readonly #applied = new PositionWaiters();
  readonly #durable = new PositionWaiters();
  /** Of epochs, in place of positions. */
  readonly #epochs = new PositionWaiters();
  /** As a session has found or left it on the target. */
  #epoch = 0;

  forApplied(lsn: bigint, timeoutMs: number): Promise<boolean> {
    return this.#applied.wait(lsn, timeoutMs);
  }

  forDurable(lsn: bigint, timeoutMs: number): Promise<boolean> {
    return this.#durable.wait(lsn, timeoutMs);
  }

  forEpoch(epoch: number, timeoutMs: number): Promise<boolean> {
    if (epoch <= this.#epoch) return Promise.resolve(true);
    return this.#epochs.wait(BigInt(epoch), timeoutMs);
  }

  /** Someone waits for a position. */
  get areThere(): boolean {
    return this.#applied.size > 0 || this.#durable.size > 0;
  }

  awaitsDurable(lsn: bigint): boolean {
    return this.#durable.awaits(lsn);
  }

  moved(positions: Reached): void {
    this.#applied.reached(positions.applied);
    if (isDurable(positions)) this.#durable.reached(positions.applied);
  }

  epochIs(epoch: number): void {
    this.#epoch = epoch;
    this.#epochs.reached(BigInt(epoch));
  }

  giveUp(): void {
    for (const waiters of [this.#applied, this.#durable, this.#epochs]) waiters.giveUp();
  }
}

/** What needed no writing moves `applied` alone: nothing of it can be lost. */
export function isDurable({ durable, checkpoint }: Reached): boolean {
  return durable >= checkpoint;
}
