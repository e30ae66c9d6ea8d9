/**
 * Watches this installation's slots on their sources, at the start, after each new config and at intervals, whatever
 * becomes of the streams: a target that is away leaves a slot that keeps WAL, and so does a slice that leaves the config.
 * Reports what no slice uses, and drops a slot that would fill the source's disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isSlotOf, type SourceStreams, type StreamSlot } from '@ficus/cdc';
import { type FicusConfig, formatBytes, readWalBound, type SlotHealth } from '@ficus/core';
import type { Logger } from 'pino';
import { describeDatabase } from '../store/describe-database.ts';
import type { Direction, StreamRecord, StreamRecords } from '../store/stream-records.ts';
import { decideRetention } from './decide-retention.ts';
import { findLeftovers, type Leftover } from './find-leftovers.ts';
import { SlotMovement } from './slot-movement.ts';

/** cdc's view of a source. */
export interface SourceEngine {
  read(sourceUrl: string): Promise<SourceStreams>;
  /** Drops the slot while it keeps more than this; returns whether it did. */
  dropSlot(sourceUrl: string, slot: string, beyondBytes: number): Promise<boolean>;
}

interface SourceWatchOptions {
  readonly records: StreamRecords;
  readonly config: () => FicusConfig;
  /** Whether the slice has a stream back. */
  readonly isArmed: (slice: string) => boolean;
  readonly engine: SourceEngine;
  readonly logger: Logger;
  readonly periodMs?: number;
  readonly now?: () => number;
}

interface SeenSource {
  readonly url: string;
  readonly streams: SourceStreams | undefined;
}

interface SlotFacts {
  readonly slice: string;
  readonly slot: string;
  readonly retainedBytes: number;
  readonly boundBytes: number | undefined;
}

const PERIOD_MS = 15_000;
/** Longest time that an answer waits for a new look. */
const FRESH_MS = 2_000;
/** A leftover is logged again when it keeps twice as much, from here on. */
const LOGGED_AGAIN_BYTES = 64 * 1024 * 1024;
/** A slot within its bound is logged again after this many percent of it. */
const LOGGED_AGAIN_PERCENT = 10;

export class SourceWatch {
  readonly #options: SourceWatchOptions;
  readonly #logged = new Map<string, number>();
  readonly #warned = new Map<string, number>();
  readonly #movement: SlotMovement;
  #leftovers: readonly Leftover[] = [];
  #slots: ReadonlyMap<string, SlotHealth> = new Map();
  #checking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SourceWatchOptions) {
    this.#options = options;
    this.#movement = new SlotMovement(options.periodMs ?? PERIOD_MS, options.now ?? Date.now);
  }

  start(): void {
    this.#timer = setInterval(() => void this.check(), this.#options.periodMs ?? PERIOD_MS);
    void this.check();
  }

  /** What no slice uses, as found by the last check. */
  leftovers(): readonly Leftover[] {
    return this.#leftovers;
  }

  /**
   * The same, looked at again while there are any: `ficus remove` works on the databases, beside this process, and what it
   * has just removed must not be reported. A source that hangs delays the answer by two seconds at most.
   */
  async freshLeftovers(): Promise<readonly Leftover[]> {
    if (this.#leftovers.length === 0) return [];
    const late = new AbortController();
    await Promise.race([
      this.check(),
      sleep(FRESH_MS, undefined, { ref: false, signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
    return this.#leftovers;
  }

  /** The slot of a slice's stream, as seen by the last check; its room is that of our own bound. */
  slotOf(slice: string, direction: Direction = 'forward'): SlotHealth | undefined {
    const slot = this.#options.records.currentSlot(slice, direction);
    return slot === undefined ? undefined : this.#slots.get(slot);
  }

  /** Looks again, never at facts from before the call. Never rejects. */
  check(): Promise<void> {
    if (!this.#checking) {
      this.#checking = this.#look().finally(() => {
        this.#checking = undefined;
      });
      return this.#checking;
    }
    this.#next ??= this.#checking.then(() => {
      this.#next = undefined;
      return this.#stopped ? undefined : this.check();
    });
    return this.#next;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await (this.#next ?? this.#checking);
  }

  async #look(): Promise<void> {
    const { records, config, engine, isArmed } = this.#options;
    // With the database away, what is in memory is good enough for reports, but not for dropping anything.
    const certain = await records.reload().then(
      () => true,
      () => false,
    );
    const streams = { config: config(), isArmed, currentSlot: records.currentSlot.bind(records) };
    const isUsed = makeIsUsed(streams);
    const isExpected = makeIsExpected(streams);
    const seen = await readSources(
      config(),
      records.all().filter((record) => record.direction === 'reverse' || !isUsed(record)),
      engine.read,
    );
    await this.#keepWithinBound(seen, certain);
    const sources = new Map([...seen].map(([database, { streams }]) => [database, streams]));
    const { maxRetainedWal } = config().legacy;
    this.#leftovers = findLeftovers({
      ...{ records: records.all(), isUsed, isExpected, sources, maxRetainedWal },
      configured: Object.keys(this.#options.config().slices),
    });
    this.#logLeftovers();
  }

  async #keepWithinBound(sources: ReadonlyMap<string, SeenSource>, certain: boolean): Promise<void> {
    const own = new Map(this.#options.records.all().map((record) => [record.slot, record]));
    const { maxRetainedWal } = this.#options.config().legacy;
    const slots = new Map<string, SlotHealth>();
    for (const { url, streams } of sources.values()) {
      if (!streams) continue;
      const bound = readWalBound(maxRetainedWal, streams.serverBound);
      for (const slot of streams.slots) {
        const record = own.get(slot.name);
        if (!record) continue;
        slots.set(slot.name, healthOf(slot, bound));
        await this.#keepSlot(record, slot, bound, certain ? url : undefined);
      }
    }
    this.#slots = slots;
  }

  /** @param url of the source; undefined while nothing may be dropped */
  async #keepSlot(
    { slice }: StreamRecord,
    seen: StreamSlot,
    boundBytes: number | undefined,
    url: string | undefined,
  ): Promise<void> {
    const { logger } = this.#options;
    const { name: slot, retainedBytes } = seen;
    const mayMove = this.#movement.mayMove(seen, boundBytes ?? Number.POSITIVE_INFINITY);
    const retention = decideRetention(retainedBytes, boundBytes, mayMove);
    const facts = { slice, slot, retainedBytes, boundBytes };
    switch (retention.kind) {
      case 'within':
        this.#warned.delete(slot);
        return;
      case 'high':
      case 'spared':
        if (retention.percent < (this.#warned.get(slot) ?? 0) + LOGGED_AGAIN_PERCENT) return;
        this.#warned.set(slot, retention.percent);
        logger.warn(facts, describeHigh(retention));
        return;
      case 'exceeded':
        if (url === undefined)
          logger.error(
            facts,
            'the slot keeps more WAL than allowed; it is dropped once the control database answers',
          );
        else await this.#giveUp(facts, url);
    }
  }

  async #giveUp(facts: SlotFacts, url: string): Promise<void> {
    const { logger, records, engine } = this.#options;
    const { slot, retainedBytes, boundBytes = 0 } = facts;
    try {
      // First the reason: without it the slot would look dropped by someone else.
      if (!(await records.giveUp(slot, retainedBytes))) return;
      if (await engine.dropSlot(url, slot, boundBytes))
        logger.error(facts, describeGivenUp(slot, retainedBytes));
      else await records.giveUp(slot, null);
    } catch (error) {
      logger.error({ ...facts, err: error }, 'the slot keeps more WAL than allowed, and cannot be dropped');
    }
  }

  #logLeftovers(): void {
    for (const slot of this.#logged.keys())
      if (!this.#leftovers.some((leftover) => leftover.slot === slot)) this.#logged.delete(slot);
    for (const { message, remedy, slot, slice, database, retainedBytes = 0 } of this.#leftovers) {
      const before = this.#logged.get(slot);
      if (before !== undefined && retainedBytes < 2 * Math.max(before, LOGGED_AGAIN_BYTES)) continue;
      this.#logged.set(slot, retainedBytes);
      const level = slice === undefined ? 'warn' : 'error';
      this.#options.logger[level]({ slot, slice, database, retainedBytes, remedy }, message);
    }
  }
}

function describeHigh({ kind, percent }: { kind: 'high' | 'spared'; percent: number }): string {
  const next =
    kind === 'high'
      ? 'at 100 % it is dropped'
      : 'its stream is given time to catch up, and it is dropped when the stream does not move';
  return `the slot has used ${percent} % of its WAL limit; ${next}`;
}

export function describeGivenUp(slot: string, retainedBytes: number): string {
  return `Slot “${slot}” kept ${formatBytes(retainedBytes)} of WAL, more than allowed, and was dropped to protect the source’s disk.`;
}

/**
 * Our own bound for a slot that only its stream has seen: the first look at the source comes later. A server with a bound
 * of its own has told the stream about it.
 */
export function boundSlot(own: SlotHealth, maxRetainedWal: string | undefined): SlotHealth {
  const serverBound = own.roomBytes === undefined ? '-1' : 'set';
  const bound = readWalBound(maxRetainedWal, serverBound);
  return bound === undefined ? own : { ...own, roomBytes: Math.max(0, bound - own.retainedBytes) };
}

function healthOf(slot: StreamSlot, bound: number | undefined): SlotHealth {
  const { name, walStatus, retainedBytes, behindBytes } = slot;
  const roomBytes = bound === undefined ? undefined : Math.max(0, bound - retainedBytes);
  return { name, walStatus, retainedBytes, roomBytes, behindBytes: behindBytes ?? undefined };
}

/**
 * A slice with tables uses the slot of its stream. Before the stream has said which one that is, all of the slice's count
 * as used: a source under a new host name is still the same.
 */
export function makeIsUsed({
  config: { slices },
  isArmed,
  currentSlot,
}: StreamUse): (record: StreamRecord) => boolean {
  return ({ slice, slot, direction }) => {
    const tables = Object.hasOwn(slices, slice) ? slices[slice]?.tables : undefined;
    const streams = direction === 'forward' || isArmed(slice);
    return (
      tables !== undefined && tables.length > 0 && streams && slot === (currentSlot(slice, direction) ?? slot)
    );
  };
}

/** What says which streams the slices of a config have. */
interface StreamUse {
  readonly config: FicusConfig;
  readonly isArmed: (slice: string) => boolean;
  readonly currentSlot: (slice: string, direction: Direction) => string | undefined;
}

/** After an update from a version that recorded nothing, a stream's own slot is not known before it starts. */
export function makeIsExpected({
  config: { slices },
  isArmed,
  currentSlot,
}: StreamUse): (slot: string) => boolean {
  const names = Object.keys(slices).filter((slice) => slices[slice]!.tables.length > 0);
  const waiting = (direction: Direction) =>
    names.filter((slice) => currentSlot(slice, direction) === undefined);
  const forward = waiting('forward');
  const reverse = waiting('reverse').filter(isArmed);
  return (slot) =>
    forward.some((slice) => isSlotOf(slice, slot)) ||
    reverse.some((slice) => isSlotOf(slice, slot, 'reverse'));
}

/** The config's source, and those of these streams, by `host:port/name`. */
export async function readSources(
  { legacy, slices }: FicusConfig,
  others: readonly StreamRecord[],
  read: SourceEngine['read'],
): Promise<Map<string, SeenSource>> {
  const urls = new Map(others.map(({ source }) => [describeDatabase(source), source]));
  // The config's URLs have the passwords, too.
  for (const { candidate } of Object.values(slices)) {
    const place = candidate.database && describeDatabase(candidate.database);
    if (place && urls.has(place)) urls.set(place, candidate.database!);
  }
  if (legacy.database) urls.set(describeDatabase(legacy.database), legacy.database);
  const answers = [...urls].map(
    async ([database, url]) => [database, { url, streams: await read(url).catch(() => undefined) }] as const,
  );
  return new Map(await Promise.all(answers));
}
