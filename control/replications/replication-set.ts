/**
 * The change streams of all slices with tables. A stream that fails never stops another: its status carries the problem
 * and a remedy. Opened and started in the background, so that the dashboard shows the first copy in progress.
 */
import type { AppliedBatch, Replication, SourceNames } from '@ficus/cdc';
import {
  type CopyConfig,
  describeError,
  type EmptiedTable,
  type FicusConfig,
  FicusError,
  OneAtATime,
  type ReplicationProblem,
  type ReplicationStatus,
  readErrorCode,
  type SlotHealth,
  type TableConfig,
} from '@ficus/core';
import type { Logger } from 'pino';
import type { NewStream } from '../store/stream-records.ts';

/** What verify needs of a stream: both sides at one position, and the rows changed since. */
export type VerifiedStream = Pick<Replication, 'pause' | 'recordChanges' | 'changedRows'>;

/** What the control plane needs of a change stream; cdc's `Replication` is one. */
export interface ReplicationPort extends Partial<VerifiedStream> {
  start(): Promise<void>;
  status(): ReplicationStatus;
  subscribe(listener: (status: ReplicationStatus) => void): () => void;
  currentPosition(): Promise<string>;
  waitForPosition(lsn: string, timeoutMs: number): Promise<boolean>;
  copied(): Promise<boolean>;
  stop(): Promise<void>;
  drop(options?: { readonly emptyTarget?: boolean }): Promise<readonly EmptiedTable[]>;
}

export interface OpenReplicationOptions {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly epoch: number;
  readonly copy: CopyConfig;
  readonly logger: Logger;
  /** Called, and awaited, before the stream creates anything on its source. */
  readonly record: (names: SourceNames) => Promise<void>;
  /** Called after each target transaction; undefined unless tracing is configured. */
  readonly onBatch?: ((batch: AppliedBatch) => void) | undefined;
}

export type OpenReplication = (options: OpenReplicationOptions) => ReplicationPort | Promise<ReplicationPort>;

/** What is known of a stream's slot besides the stream itself. */
interface SlotFacts {
  record(stream: NewStream): Promise<void>;
  /**
   * As the source was last seen, also while the stream cannot run.
   * @param own as the stream sees it
   */
  slotOf(slice: string, own: SlotHealth | undefined): SlotHealth | undefined;
  /** Why the slot was dropped here, in a sentence. */
  givenUp(slice: string): string | undefined;
}

interface Entry {
  readonly options: OpenReplicationOptions;
  port: ReplicationPort | undefined;
  problem: ReplicationProblem | undefined;
  /** Undefined while not known: the candidate's database has not answered yet. */
  copied: boolean | undefined;
  unsubscribe: () => void;
  /** Starts, stops and new copies of one stream never overlap. */
  readonly turns: OneAtATime;
}

export class ReplicationSet {
  readonly #entries = new Map<string, Entry>();
  readonly #open: OpenReplication;
  readonly #epochOf: (slice: string) => number;
  readonly #facts: SlotFacts;
  readonly #logger: Logger;
  readonly #listeners = new Set<(slice: string) => void>();
  #stopping = false;

  constructor(open: OpenReplication, epochOf: (slice: string) => number, facts: SlotFacts, logger: Logger) {
    this.#open = open;
    this.#epochOf = epochOf;
    this.#facts = facts;
    this.#logger = logger;
  }

  /**
   * Streams for exactly the slices with tables of this config; a stream whose tables or databases changed is
   * restarted.
   */
  async reconfigure(config: FicusConfig, start: boolean): Promise<void> {
    const wanted = new Map(
      Object.keys(config.slices).flatMap((slice) => {
        const options = this.#optionsOf(config, slice);
        return options ? [[slice, options] as const] : [];
      }),
    );
    const gone = [...this.#entries].filter(([slice, entry]) => !sameStream(entry.options, wanted.get(slice)));
    for (const [slice] of gone) this.#entries.delete(slice);
    await Promise.allSettled(gone.map(([, entry]) => entry.turns.run(() => this.#end(entry))));
    for (const [slice, options] of wanted) {
      if (this.#entries.has(slice)) continue;
      const entry = newEntry(options);
      this.#entries.set(slice, entry);
      if (start) void entry.turns.run(() => this.#begin(entry));
    }
  }

  get slices(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Starts them all; returns at once. */
  startAll(): void {
    for (const entry of this.#entries.values()) void entry.turns.run(() => this.#begin(entry));
  }

  async stopAll(): Promise<void> {
    this.#stopping = true;
    // Not one after another: a start that hangs must not delay the stop.
    await Promise.allSettled([...this.#entries.values()].map((entry) => this.#end(entry)));
  }

  /** A slice's stream; `undefined` without tables, or while it cannot be opened. */
  port(slice: string): ReplicationPort | undefined {
    return this.#entries.get(slice)?.port;
  }

  /** `undefined` for a slice without tables. */
  status(slice: string): ReplicationStatus | undefined {
    const entry = this.#entries.get(slice);
    if (!entry) return undefined;
    const status = entry.port?.status() ?? notOpened(slice);
    const slot = joinSlots(status.slot, this.#facts.slotOf(slice, status.slot));
    if (entry.problem) return { ...status, slot, state: 'stopped', problem: entry.problem };
    return { ...status, slot, problem: this.#explain(slice, status.problem) };
  }

  /** Whether the first copy of every table is complete; undefined while that is not known. */
  copied(slice: string): boolean | undefined {
    const entry = this.#entries.get(slice);
    if (!entry) return false;
    return entry.port?.status().copy?.done ?? entry.copied;
  }

  /** Called with a slice's name whenever its status changes. Returns a function that unsubscribes. */
  subscribe(listener: (slice: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Continues the first copy, or restarts it. Returns when it is running.
   * @param restart true empties the candidate's tables first: otherwise rows that the source deleted meanwhile would
   * stay
   * @param mayEmpty called just before that; throws to refuse
   * @returns the tables that were emptied
   */
  async copy(
    slice: string,
    restart: boolean,
    mayEmpty: () => void = () => undefined,
  ): Promise<readonly EmptiedTable[]> {
    const entry = this.#entries.get(slice);
    if (!entry) throw new FicusError('FICUS_CONTROL_NO_TABLES', `The slice ${slice} has no tables.`);
    let emptied: readonly EmptiedTable[] = [];
    await entry.turns.run(async () => {
      if (restart) mayEmpty();
      const stopped = this.#hasGivenUp(entry);
      try {
        if (restart) emptied = (await entry.port?.drop({ emptyTarget: true })) ?? [];
      } catch (error) {
        // Nothing was dropped: the stream continues.
        await this.#restart(entry);
        throw error;
      }
      if (restart || stopped) {
        if (restart) entry.copied = false;
        await this.#restart(entry);
      }
    });
    if (emptied.length > 0) this.#logger.info({ slice, emptied }, 'tables were emptied for a new copy');
    return emptied;
  }

  #optionsOf(config: FicusConfig, slice: string): OpenReplicationOptions | undefined {
    const { tables = [], candidate, copy } = config.slices[slice] ?? {};
    const [source, target] = [config.legacy.database, candidate?.database];
    if (tables.length === 0 || !source || !target || !copy) return undefined;
    return {
      slice,
      tables,
      sourceUrl: source,
      targetUrl: target,
      record: (names) => this.#facts.record({ slice, ...names, source, target }),
      epoch: this.#epochOf(slice),
      copy,
      logger: this.#logger,
    };
  }

  /** Stopped for good; any other stopped stream tries again by itself, and keeps its problem until that succeeds. */
  #hasGivenUp({ options, problem: unopened }: Entry): boolean {
    const { state, problem } = this.status(options.slice) ?? {};
    if (state !== 'stopped') return false;
    return unopened !== undefined || !problem || describeError(readErrorCode(problem.code)).retry === 'never';
  }

  /** A slot that was dropped here is lost for a reason that the stream itself cannot know. */
  #explain(slice: string, problem: ReplicationProblem | undefined): ReplicationProblem | undefined {
    const message = problem?.code === 'FICUS_CDC_SLOT_LOST' ? this.#facts.givenUp(slice) : undefined;
    return message === undefined ? problem : problemOf(new FicusError('FICUS_CDC_SLOT_GIVEN_UP', message));
  }

  async #restart(entry: Entry): Promise<void> {
    await this.#end(entry);
    await this.#begin(entry);
  }

  async #begin(entry: Entry): Promise<void> {
    const { slice } = entry.options;
    entry.problem = undefined;
    try {
      const port = await this.#open(entry.options);
      if (this.#stopping) return await port.stop();
      entry.port = port;
      entry.unsubscribe = port.subscribe(() => this.#changed(entry));
      await port.start();
      // Without an answer the stream reconnects, and says so itself.
      entry.copied = await port.copied().catch(() => entry.copied);
      this.#changed(entry);
    } catch (error) {
      entry.problem = problemOf(error);
      this.#logger.error({ slice, err: error }, 'replication cannot run');
      this.#changed(entry);
    }
  }

  async #end(entry: Entry): Promise<void> {
    entry.unsubscribe();
    const port = entry.port;
    entry.port = undefined;
    await port?.stop();
  }

  #changed(entry: Entry): void {
    // Known only while a session runs: what it said stays true when its connections break.
    entry.copied = entry.port?.status().copy?.done ?? entry.copied;
    for (const listener of this.#listeners) listener(entry.options.slice);
  }
}

function newEntry(options: OpenReplicationOptions): Entry {
  return {
    options,
    port: undefined,
    problem: undefined,
    copied: undefined,
    unsubscribe: () => undefined,
    turns: new OneAtATime(),
  };
}

function sameStream(a: OpenReplicationOptions, b: OpenReplicationOptions | undefined): boolean {
  const facts = (options: OpenReplicationOptions) =>
    JSON.stringify([options.tables, options.sourceUrl, options.targetUrl, options.epoch, options.copy]);
  return b !== undefined && facts(a) === facts(b);
}

/** The stream's own view is newer; the smaller of both rooms counts. */
function joinSlots(own: SlotHealth | undefined, seen: SlotHealth | undefined): SlotHealth | undefined {
  const slot = own ?? seen;
  if (!slot) return undefined;
  const rooms = [own?.roomBytes, seen?.roomBytes].filter((bytes) => bytes !== undefined);
  return { ...slot, roomBytes: rooms.length === 0 ? undefined : Math.min(...rooms) };
}

function notOpened(slice: string): ReplicationStatus {
  return {
    slice,
    state: 'starting',
    appliedLsn: '0/0',
    sourceLsn: '0/0',
    lagBytes: 0,
    lagMs: 0,
    transactionsApplied: 0,
    rowsApplied: 0,
    copy: undefined,
    problem: undefined,
  };
}

function problemOf(error: unknown): ReplicationProblem {
  if (error instanceof FicusError) return { code: error.code, message: error.message, remedy: error.remedy };
  return {
    code: 'FICUS_INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'See the log; `ficus copy SLICE` tries again.',
  };
}
