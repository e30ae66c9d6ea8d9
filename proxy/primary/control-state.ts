/**
 * Who owns the slices, as the control plane last reported, and the link to it. While the control plane is unreachable
 * the last known owners apply. Held by the primary; every change goes to the workers at once.
 */
import type { PositionsAnswer, ProgressEvent, SliceState, TracedWrite } from '@ficus/core';
import type { Logger } from 'pino';
import { ControlLink, type ReportFacts } from '../link/control-link.ts';
import type { CountersDelta } from '../observe/traffic-counters.ts';
import type { ControlAddress } from '../worker/worker-messages.ts';

export type SliceStates = Readonly<Record<string, SliceState>>;

interface ControlStateParts {
  readonly control: ControlAddress;
  readonly proxyId: string;
  readonly logger: Logger;
  /** The workers' part of a report. */
  readonly facts: () => ReportFacts;
  readonly onState: (slices: SliceStates) => void;
  /** Positions of the old owner's WAL mean nothing in the new one's. */
  readonly onEpoch: (slice: string) => void;
  readonly onProgress: (slices: ProgressEvent['slices']) => void;
  readonly onConnected: () => void;
}

export class ControlState {
  readonly #parts: ControlStateParts;
  readonly #link: ControlLink;
  readonly #first = Promise.withResolvers<void>();
  readonly #away = Promise.withResolvers<void>();
  #slices: SliceStates = {};
  #known = false;
  #connected = false;
  #reason = '';

  constructor(parts: ControlStateParts) {
    this.#parts = parts;
    this.#link = new ControlLink({
      controlUrl: parts.control.url,
      headers: parts.control.headers,
      tls: parts.control.tls,
      proxyId: parts.proxyId,
      onState: ({ slices }) => this.#take(slices),
      onProgress: ({ slices }) => parts.onProgress(slices),
      onUp: () => this.#up(),
      onDown: (reason) => this.#down(reason),
      onRefused: (reason) =>
        parts.logger.error(
          { reason },
          'report refused: its requests are not in the control plane’s counts; its log says why',
        ),
      facts: parts.facts,
    });
  }

  get slices(): SliceStates {
    return this.#slices;
  }

  /** False until the control plane has sent the owners. */
  get known(): boolean {
    return this.#known;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Resolves when the owners are known for the first time, or the control plane cannot be reached. */
  get first(): Promise<void> {
    return Promise.race([this.#first.promise, this.away]);
  }

  /** Resolves at the first failure to reach the control plane. */
  get away(): Promise<void> {
    return this.#away.promise;
  }

  /** @param writes traced ones among those that the positions are to cover */
  askPositions(
    slices: readonly string[],
    writes: readonly TracedWrite[] | undefined,
  ): Promise<PositionsAnswer['positions']> {
    return this.#link.askPositions(slices, writes);
  }

  addCounts(delta: CountersDelta): void {
    this.#link.addCounts(delta);
  }

  /** Delivers the rest, as far as the control plane accepts it. */
  stop(): Promise<void> {
    return this.#link.stop();
  }

  #take(slices: SliceStates): void {
    const before = this.#slices;
    for (const [name, { epoch }] of Object.entries(slices)) {
      if (epoch !== before[name]?.epoch) this.#parts.onEpoch(name);
    }
    this.#slices = Object.fromEntries(
      Object.entries(slices).map(([name, state]) => [name, keepKnown(state, before[name])]),
    );
    this.#known = true;
    this.#parts.onState(this.#slices);
    this.#first.resolve();
  }

  #up(): void {
    this.#connected = true;
    this.#reason = '';
    this.#parts.logger.info('control plane connected');
    this.#parts.onConnected();
  }

  #down(reason: string): void {
    if (this.#connected) {
      this.#parts.logger.warn({ reason }, 'control plane unreachable: the last known state stays in place');
    } else if (reason !== this.#reason && /certificate|TLS/.test(reason)) {
      // Not one that is away for a moment: it stays so until somebody acts.
      this.#parts.logger.error({ reason }, 'control plane cannot be reached over TLS');
    }
    this.#reason = reason;
    this.#connected = false;
    this.#away.resolve();
  }
}

/**
 * A control plane that has just started does not know yet what the other side lacks: a restart moves no user. After a change
 * of the owner, the other side is another one.
 */
function keepKnown(state: SliceState, before: SliceState | undefined): SliceState {
  if (state.lacks !== null) return state;
  return { ...state, lacks: before?.owner === state.owner ? before.lacks : undefined };
}
