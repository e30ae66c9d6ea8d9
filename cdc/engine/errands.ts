/**
 * What a running session does between two target transactions when its replication asks for it: it raises the stream's
 * epoch, and makes durable what was applied. Neither waits for changes, and neither ends the session.
 */
import type { Applier } from '../apply/applier.ts';
import type { StreamPlace } from '../apply/checkpoint.ts';
import type { ChangeSource } from '../batch/change-source.ts';
import type { Positions } from '../positions.ts';
import type { SessionHost } from './session-host.ts';

interface ErrandParts {
  readonly host: Pick<SessionHost, 'epoch' | 'epochIs' | 'awaitsDurable' | 'durable'>;
  readonly applier: Pick<Applier, 'isBetweenTransactions' | 'raiseEpoch' | 'flush'>;
  readonly place: StreamPlace;
  readonly positions: Positions;
  readonly changes: Pick<ChangeSource, 'acknowledge'>;
}

export class Errands {
  readonly #parts: ErrandParts;

  constructor(parts: ErrandParts) {
    this.#parts = parts;
  }

  /** False in the middle of a target transaction: its end comes first. */
  get isDue(): boolean {
    return this.#parts.applier.isBetweenTransactions && (this.#raises || this.#flushes);
  }

  async run(): Promise<void> {
    if (!this.isDue) return;
    const { applier, changes, host, place, positions } = this.#parts;
    if (this.#raises) {
      await applier.raiseEpoch(host.epoch);
      host.epochIs(place.epoch);
    }
    if (!this.#flushes) return;
    await applier.flush();
    positions.advance('durable', positions.checkpoint);
    changes.acknowledge();
    host.durable();
  }

  get #raises(): boolean {
    return this.#parts.host.epoch > this.#parts.place.epoch;
  }

  get #flushes(): boolean {
    const { host, positions } = this.#parts;
    return positions.durable < positions.checkpoint && host.awaitsDurable(positions.applied);
  }
}
