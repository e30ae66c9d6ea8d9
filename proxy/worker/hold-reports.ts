/**
 * Says to the primary what this worker has applied of an attempt, and which writes it has in flight and holds. What the
 * coordinator waits for goes at once, at the end of the turn in which it changes; mere numbers at most every 50 ms. Nothing
 * is counted for it while no slice is leased or held.
 */
import type { SliceHold } from '@ficus/core';
import { newsOf } from '../hold/news-of.ts';
import type { SliceWrites } from '../hold/slice-writes.ts';
import type { Later } from './sibling-pins.ts';
import type { SliceStates } from './slice-states.ts';
import type { WorkerMessage } from './worker-messages.ts';
import type { WriteGate } from './write-gate.ts';

const NUMBERS_EACH_MS = 50;

interface HoldReportsParts {
  readonly states: Pick<SliceStates, 'attempted'>;
  readonly writes: SliceWrites;
  readonly gate: Pick<WriteGate, 'held'>;
  readonly send: (message: Extract<WorkerMessage, { kind: 'holds' }>) => void;
  readonly later: Later;
}

type Holds = Readonly<Record<string, SliceHold>>;

export class HoldReports {
  readonly #parts: HoldReportsParts;
  #sentText = '{}';
  #sentNews = '';
  #atEndOfTurn: NodeJS.Immediate | undefined;
  #cancelNumbers: (() => void) | undefined;

  constructor(parts: HoldReportsParts) {
    this.#parts = parts;
  }

  /** The states of slices have changed. */
  stateChanged(): void {
    const { states, writes } = this.#parts;
    writes.onChange = states.attempted().length === 0 ? undefined : this.changed;
    this.#send(this.#holds());
  }

  /** Writes in flight or held have changed. */
  readonly changed = (): void => {
    this.#atEndOfTurn ??= setImmediate(() => {
      this.#atEndOfTurn = undefined;
      const holds = this.#holds();
      if (newsOf(holds) !== this.#sentNews) this.#send(holds);
      else this.#cancelNumbers ??= this.#parts.later(() => this.#send(this.#holds()), NUMBERS_EACH_MS);
    });
  };

  stop(): void {
    clearImmediate(this.#atEndOfTurn);
    this.#cancelNumbers?.();
    this.#parts.writes.onChange = undefined;
  }

  #send(holds: Holds): void {
    this.#cancelNumbers?.();
    this.#cancelNumbers = undefined;
    const text = JSON.stringify(holds);
    if (text === this.#sentText) return;
    this.#sentText = text;
    this.#sentNews = newsOf(holds);
    this.#parts.send({ kind: 'holds', slices: holds });
  }

  #holds(): Holds {
    const { states, writes, gate } = this.#parts;
    return Object.fromEntries(
      states.attempted().map(([slice, { attempt, writes: applied }]): [string, SliceHold] => {
        const inFlight = writes.inFlight(slice);
        const orphaned = writes.orphaned(slice);
        return [
          slice,
          {
            attempt,
            writes: applied,
            inFlight,
            orphaned,
            ...gate.held(slice),
            endless: writes.endless(slice),
          },
        ];
      }),
    );
  }
}
