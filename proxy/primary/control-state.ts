/**
 * Who owns the slices, as the control plane last reported, and the link to it. While the control plane is unreachable
 * the last known owners apply. Held by the primary; every change goes to the workers at once.
 */
import type { HoldReport, PositionsAnswer, ProgressEvent, SliceState, TracedWrite } from '@ficus/core';
import type { Logger } from 'pino';
import { acceptState, type KnownState } from '../hold/accept-state.ts';
import { ControlLink, type ReportFacts } from '../link/control-link.ts';
import { KeptOwners } from '../link/kept-owners.ts';
import type { CountersDelta } from '../observe/traffic-counters.ts';
import type { ControlAddress } from '../worker/worker-messages.ts';

export type SliceStates = Readonly<Record<string, SliceState>>;

interface ControlStateParts {
  readonly control: ControlAddress;
  readonly proxyId: string;
  readonly logger: Logger;
  /** Where the owners are kept for the next run; undefined where they are not. */
  readonly ownersFile: string | undefined;
  /** The workers' part of a report. */
  readonly facts: () => ReportFacts;
  readonly onReported: (facts: ReportFacts) => void;
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
  readonly #accepted = new Map<string, KnownState>();
  readonly #kept: KeptOwners | undefined;
  #known = false;
  #isCurrent = false;
  #connected = false;
  #reason = '';

  constructor(parts: ControlStateParts) {
    this.#parts = parts;
    const { ownersFile, logger } = parts;
    this.#kept =
      ownersFile === undefined ? undefined : new KeptOwners(ownersFile, (text) => logger.warn(text));
    this.#link = new ControlLink({
      controlUrl: parts.control.url,
      headers: parts.control.headers,
      tls: parts.control.tls,
      proxyId: parts.proxyId,
      onState: ({ slices }) => {
        this.#isCurrent = true;
        this.#take(slices);
      },
      onProgress: ({ slices }) => parts.onProgress(slices),
      onUp: () => this.#up(),
      onDown: (reason) => this.#down(reason),
      onRefused: (reason) =>
        parts.logger.error(
          { reason },
          'report refused: its requests are not in the control plane’s counts; its log says why',
        ),
      facts: parts.facts,
      onReported: parts.onReported,
    });
  }

  get slices(): SliceStates {
    return this.#slices;
  }

  /** The control plane is away: the owners of an earlier run are used, if there are any. */
  async takeKept(): Promise<void> {
    const kept = await this.#kept?.last();
    if (kept === undefined || this.#known) return;
    this.#parts.logger.warn(
      { owners: Object.fromEntries(Object.entries(kept).map(([slice, { owner }]) => [slice, owner])) },
      'the control plane cannot be reached: the last known owners are used until it answers',
    );
    this.#take(kept);
  }

  /** False until the control plane has sent the owners, now or to an earlier run. */
  get known(): boolean {
    return this.#known;
  }

  /** Whether the states are those of the connection that is open now: only these may be acknowledged. */
  get current(): boolean {
    return this.#isCurrent;
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

  postHolds(report: HoldReport, withinMs: number): Promise<readonly string[]> {
    return this.#link.postHolds(report, withinMs);
  }

  addCounts(delta: CountersDelta): void {
    this.#link.addCounts(delta);
  }

  /** Delivers the rest, as far as the control plane accepts it. */
  async stop(): Promise<void> {
    await this.#link.stop();
    await this.#kept?.settled();
  }

  #take(slices: SliceStates): void {
    const before = this.#slices;
    const accepted = Object.entries(slices).flatMap(([name, state]) => this.#accept(name, state));
    for (const [name, { epoch }] of accepted) if (epoch !== before[name]?.epoch) this.#parts.onEpoch(name);
    // A slice that the control plane does not know is as it was.
    this.#slices = { ...before, ...Object.fromEntries(accepted) };
    this.#known = true;
    this.#kept?.keep(this.#slices);
    this.#parts.onState(this.#slices);
    this.#first.resolve();
  }

  #accept(name: string, state: SliceState): [name: string, state: SliceState][] {
    const known = this.#accepted.get(name);
    const accepted = acceptState(known, state);
    if (accepted === undefined) {
      this.#parts.logger.warn(
        { slice: name, known: known?.state, newestAttempt: known?.attempt, ignored: state },
        'a state of the past is ignored: where the control database was replaced, restart the proxy',
      );
      return [];
    }
    this.#accepted.set(name, accepted);
    return [[name, keepKnown(state, this.#slices[name])]];
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
    this.#isCurrent = false;
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
