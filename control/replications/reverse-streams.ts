/**
 * The streams back, from the candidate to the legacy: one for each slice that is armed, from then until it is disarmed or
 * retired. Which slices are armed is stored before anything is made, so that a restart starts both streams of a slice.
 */
import { type FicusConfig, FicusError, OneAtATime, type ReplicationStatus } from '@ficus/core';
import type { Logger } from 'pino';
import type { Store } from '../store/open-store.ts';
import type { ReplicationPort, ReplicationSet } from './replication-set.ts';

interface ArmedSlice {
  /** Since when the slot exists on the candidate, at the latest; null until the stream has run. */
  readonly madeAt: Date | null;
}

interface ReverseStreamsOptions {
  readonly store: Pick<Store, 'query'>;
  /** Those of the legacy to the candidate. */
  readonly forward: Pick<ReplicationSet, 'status' | 'copied'>;
  /** Makes the set of those back. */
  readonly makeSet: (isArmed: (slice: string) => boolean) => ReplicationSet;
  readonly config: () => FicusConfig;
  readonly logger: Logger;
}

export class ReverseStreams {
  readonly #options: ReverseStreamsOptions;
  readonly #set: ReplicationSet;
  readonly #armed = new Map<string, ArmedSlice>();
  readonly #turns = new OneAtATime();
  #hasStarted = false;

  constructor(options: ReverseStreamsOptions) {
    this.#options = options;
    this.#set = options.makeSet((slice) => this.#armed.has(slice));
    this.#set.subscribe((slice) => this.#noticeMade(slice));
  }

  static async load(options: ReverseStreamsOptions): Promise<ReverseStreams> {
    const streams = new ReverseStreams(options);
    const rows = await options.store.query<{ slice: string; madeAt: Date | null }>(
      'SELECT slice, made_at AS "madeAt" FROM reverse_stream',
    );
    for (const { slice, madeAt } of rows) streams.#armed.set(slice, { madeAt });
    await streams.reconfigure(false);
    return streams;
  }

  /** Slices whose stream back is configured to run. */
  get slices(): readonly string[] {
    return this.#set.slices;
  }

  isArmed(slice: string): boolean {
    return this.#armed.has(slice);
  }

  /** `undefined` while it is not armed, or cannot be opened. */
  port(slice: string): ReplicationPort | undefined {
    return this.#set.port(slice);
  }

  /** `undefined` while it is not armed. */
  status(slice: string): ReplicationStatus | undefined {
    return this.#set.status(slice);
  }

  /**
   * The stream back carries every change of the candidate since then, or since a little earlier; of what another writer
   * than the stream had written there before, it carries nothing. Only a comparison of all rows that began later shows that
   * there is no such row. Undefined while it has never run.
   */
  madeAt(slice: string): Date | undefined {
    return this.#armed.get(slice)?.madeAt ?? undefined;
  }

  /**
   * Starts the stream back, which copies nothing: the legacy has all rows. Resolves when it is under way; problems go to
   * its status, and `proveRoundTrip` of the port proves that it works. Does nothing more for a slice that is armed.
   * @throws FicusError FICUS_CONTROL_NO_TABLES; FICUS_CONTROL_NOT_COPIED while the candidate lacks rows;
   *   FICUS_DATABASE_UNREACHABLE while the control database does not answer
   */
  arm(slice: string): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#armed.has(slice)) return;
      this.#requireCopied(slice);
      await this.#options.store.query(
        'INSERT INTO reverse_stream (slice) VALUES ($1) ON CONFLICT (slice) DO NOTHING',
        [slice],
      );
      this.#armed.set(slice, { madeAt: null });
      await this.#set.reconfigure(this.#options.config(), true);
    });
  }

  /**
   * Ends the stream back and removes its slot, publication and checkpoint. A change of the candidate from then on does not
   * reach the legacy any more: the caller makes sure that the legacy owns the slice, or that the way back is given up.
   * @throws whatever keeps it from being removed; it stays armed then
   */
  disarm(slice: string): Promise<void> {
    return this.#turns.run(async () => {
      if (!this.#armed.has(slice)) return;
      await this.#set.remove(slice);
      await this.#options.store.query('DELETE FROM reverse_stream WHERE slice = $1', [slice]);
      this.#armed.delete(slice);
    });
  }

  /** The slice's epoch, as stored, reaches the stream; as ReplicationSet's. */
  changeEpoch(slice: string, timeoutMs: number): Promise<boolean> {
    return this.#set.changeEpoch(slice, timeoutMs);
  }

  /** Called with a slice's name whenever its status changes. Returns a function that unsubscribes. */
  subscribe(listener: (slice: string) => void): () => void {
    return this.#set.subscribe(listener);
  }

  /** For the present config. */
  reconfigure(start = this.#hasStarted): Promise<void> {
    return this.#turns.run(() => this.#set.reconfigure(this.#options.config(), start));
  }

  startAll(): void {
    this.#hasStarted = true;
    this.#set.startAll();
  }

  stopAll(): Promise<void> {
    return this.#set.stopAll();
  }

  #requireCopied(slice: string): void {
    const { forward } = this.#options;
    const status = forward.status(slice);
    if (!status) throw new FicusError('FICUS_CONTROL_NO_TABLES', `The slice ${slice} has no tables.`);
    if (forward.copied(slice) !== true || status.state !== 'streaming')
      throw new FicusError(
        'FICUS_CONTROL_NOT_COPIED',
        `The way back of ${slice} begins when its rows are copied and its stream runs; it is ${status.state}.`,
      );
  }

  #noticeMade(slice: string): void {
    const armed = this.#armed.get(slice);
    if (!armed || armed.madeAt || this.#set.status(slice)?.state !== 'streaming') return;
    const madeAt = new Date();
    this.#armed.set(slice, { madeAt });
    this.#options.store
      .query('UPDATE reverse_stream SET made_at = $2 WHERE slice = $1 AND made_at IS NULL', [slice, madeAt])
      .catch((error: unknown) => {
        this.#options.logger.warn({ slice, err: error }, 'when the stream back was made is not stored');
      });
  }
}
