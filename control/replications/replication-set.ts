/**
 * The change streams of all slices with tables. A stream that fails never stops another: its status carries the problem
 * and a remedy. Opened and started in the background, so that the dashboard shows the first copy in progress.
 */
import { type AppliedBatch, describeWayBack, type Replication, type SourceNames } from '@ficus/cdc';
import {
  type CopyConfig,
  describeError,
  type EmptiedTable,
  type FicusConfig,
  FicusError,
  nameSliceIn,
  OneAtATime,
  type ReplicationProblem,
  type ReplicationStatus,
  readErrorCode,
  type SlotHealth,
  type TableConfig,
} from '@ficus/core';
import type { Logger } from 'pino';
import type { Direction, NewStream } from '../store/stream-records.ts';

/** What verify needs of a stream: both sides at one position, and the rows changed since. */
export type VerifiedStream = Pick<Replication, 'pause' | 'recordChanges' | 'beginComparison'>;

/** What a cutover needs of a stream. */
export type FencedStream = Pick<
  Replication,
  'waitForDurable' | 'lookAtTables' | 'changeEpoch' | 'proveRoundTrip'
>;

/** What the control plane needs of a change stream; cdc's `Replication` is one. */
export interface ReplicationPort extends Partial<VerifiedStream>, FencedStream {
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
  /** `reverse`: the candidate is the source, the legacy the target; the tables are those of the config all the same. */
  readonly direction: Direction;
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
  /** Its epoch is the one of the moment in which it is opened. */
  readonly options: Omit<OpenReplicationOptions, 'epoch'>;
  port: ReplicationPort | undefined;
  problem: ReplicationProblem | undefined;
  /** Undefined while not known: the candidate's database has not answered yet. */
  copied: boolean | undefined;
  unsubscribe: () => void;
  /** Starts, stops and new copies of one stream never overlap. */
  readonly turns: OneAtATime;
}

/** Which streams a set has. */
interface StreamKind {
  readonly direction: Direction;
  /** Of slices with tables: those that have one. */
  readonly isWanted: (slice: string) => boolean;
}

const FORWARD: StreamKind = { direction: 'forward', isWanted: () => true };

export class ReplicationSet {
  readonly #kind: StreamKind;
  readonly #entries = new Map<string, Entry>();
  readonly #open: OpenReplication;
  readonly #epochOf: (slice: string) => number;
  readonly #facts: SlotFacts;
  readonly #logger: Logger;
  readonly #listeners = new Set<(slice: string) => void>();
  #stopping = false;

  constructor(
    open: OpenReplication,
    epochOf: (slice: string) => number,
    facts: SlotFacts,
    logger: Logger,
    kind: StreamKind = FORWARD,
  ) {
    this.#kind = kind;
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
      const running = this.#entries.get(slice);
      if (running) this.#raiseEpoch(running);
      if (running) continue;
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
    const problem = this.#explain(slice, status.problem);
    return { ...status, slot, problem: problem && nameSliceIn(problem, slice) };
  }

  /** Whether the first copy of every table is complete; undefined while that is not known. */
  copied(slice: string): boolean | undefined {
    const entry = this.#entries.get(slice);
    if (!entry) return false;
    return entry.port?.status().copy?.done ?? entry.copied;
  }

  /**
   * The slice's epoch, as stored, reaches its stream. A stream that is not open has it when it opens.
   * @returns false when the stream's target does not have it within that time; it gets it as soon as it can
   */
  async changeEpoch(slice: string, timeoutMs: number): Promise<boolean> {
    return (await this.#entries.get(slice)?.port?.changeEpoch(this.#epochOf(slice), timeoutMs)) ?? false;
  }

  /** Removes the stream with all that it has made on both databases; its rows stay. */
  async remove(slice: string): Promise<void> {
    const entry = this.#entries.get(slice);
    await entry?.turns.run(async () => {
      const port = entry.port ?? (await this.#open(this.#openOptions(entry)));
      try {
        await port.drop();
      } catch (error) {
        // Nothing was dropped, or not all of it: the stream is there until another try succeeds.
        await this.#restart(entry);
        throw error;
      }
      entry.unsubscribe();
      this.#entries.delete(slice);
    });
    this.#announce(slice);
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

  #optionsOf(config: FicusConfig, slice: string): Entry['options'] | undefined {
    const { direction, isWanted } = this.#kind;
    const { tables = [], candidate, copy } = config.slices[slice] ?? {};
    const [legacy, own] = [config.legacy.database, candidate?.database];
    if (tables.length === 0 || !legacy || !own || !copy || !isWanted(slice)) return undefined;
    const [source, target] = direction === 'forward' ? [legacy, own] : [own, legacy];
    return {
      slice,
      direction,
      tables,
      sourceUrl: source,
      targetUrl: target,
      record: (names) => this.#facts.record({ slice, direction, ...names, source, target }),
      copy,
      logger: this.#logger,
    };
  }

  #openOptions({ options }: Entry): OpenReplicationOptions {
    return { ...options, epoch: this.#epochOf(options.slice) };
  }

  #raiseEpoch({ options, port }: Entry): void {
    void port?.changeEpoch(this.#epochOf(options.slice), 0).catch((error: unknown) => {
      this.#logger.error(
        { slice: options.slice, err: error },
        'the stream is in a later epoch than its slice',
      );
    });
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
    if (message === undefined) return problem;
    const givenUp = problemOf(new FicusError('FICUS_CDC_SLOT_GIVEN_UP', message));
    return this.#kind.direction === 'forward' ? givenUp : describeWayBack(givenUp);
  }

  async #restart(entry: Entry): Promise<void> {
    await this.#end(entry);
    await this.#begin(entry);
  }

  async #begin(entry: Entry): Promise<void> {
    const { slice } = entry.options;
    entry.problem = undefined;
    try {
      const port = await this.#open(this.#openOptions(entry));
      if (this.#stopping) return await port.stop();
      entry.port = port;
      entry.unsubscribe = port.subscribe(() => this.#changed(entry));
      await port.start();
      // Without an answer the stream reconnects, and says so itself.
      entry.copied = await port.copied().catch(() => entry.copied);
      this.#changed(entry);
    } catch (error) {
      entry.problem = nameSliceIn(problemOf(error), slice);
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
    this.#announce(entry.options.slice);
  }

  #announce(slice: string): void {
    for (const listener of this.#listeners) listener(slice);
  }
}

function newEntry(options: Entry['options']): Entry {
  return {
    options,
    port: undefined,
    problem: undefined,
    copied: undefined,
    unsubscribe: () => undefined,
    turns: new OneAtATime(),
  };
}

function sameStream(a: Entry['options'], b: Entry['options'] | undefined): boolean {
  const facts = (options: Entry['options']) =>
    JSON.stringify([options.tables, options.sourceUrl, options.targetUrl, options.copy]);
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
