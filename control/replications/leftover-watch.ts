/**
 * Looks for what streams have left on their sources: at the start, after each new config, and at intervals. Nothing else
 * notices a slot that no slice uses before the source's disk is full.
 */
import type { SourceStreams } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import type { Logger } from 'pino';
import { describeDatabase } from '../store/describe-database.ts';
import type { StreamRecord, StreamRecords } from '../store/stream-records.ts';
import { findLeftovers, type Leftover } from './find-leftovers.ts';

export type ReadSourceStreams = (sourceUrl: string) => Promise<SourceStreams>;

interface LeftoverWatchOptions {
  readonly records: StreamRecords;
  readonly config: () => FicusConfig;
  readonly read: ReadSourceStreams;
  readonly logger: Logger;
  readonly periodMs?: number;
}

const PERIOD_MS = 15_000;
/** A leftover is logged again when it keeps twice as much, from here on. */
const LOGGED_AGAIN_BYTES = 64 * 1024 * 1024;

export class LeftoverWatch {
  readonly #options: LeftoverWatchOptions;
  readonly #logged = new Map<string, number>();
  #found: readonly Leftover[] = [];
  #checking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LeftoverWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.check(), this.#options.periodMs ?? PERIOD_MS);
    void this.check();
  }

  /** As found by the last check. */
  all(): readonly Leftover[] {
    return this.#found;
  }

  /** Never rejects. */
  check(): Promise<void> {
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking;
  }

  async #look(): Promise<void> {
    const { records, config, read } = this.#options;
    // With the database away, what is in memory still holds.
    await records.reload().catch(() => undefined);
    const isUsed = makeIsUsed(config(), (slice) => records.currentSlot(slice));
    const sources = await readSources(
      config(),
      records.all().filter((record) => !isUsed(record)),
      read,
    );
    this.#found = findLeftovers({ records: records.all(), isUsed, sources });
    this.#log();
  }

  #log(): void {
    for (const slot of this.#logged.keys())
      if (!this.#found.some((leftover) => leftover.slot === slot)) this.#logged.delete(slot);
    for (const { message, remedy, slot, slice, database, retainedBytes = 0 } of this.#found) {
      const before = this.#logged.get(slot);
      if (before !== undefined && retainedBytes < 2 * Math.max(before, LOGGED_AGAIN_BYTES)) continue;
      this.#logged.set(slot, retainedBytes);
      const level = slice === undefined ? 'warn' : 'error';
      this.#options.logger[level]({ slot, slice, database, retainedBytes, remedy }, message);
    }
  }
}

/**
 * A slice with tables uses the slot of its stream. Before the stream has said which one that is, all of the slice's count
 * as used: a source under a new host name is still the same.
 */
export function makeIsUsed(
  { slices }: FicusConfig,
  currentSlot: (slice: string) => string | undefined,
): (record: StreamRecord) => boolean {
  return ({ slice, slot }) => {
    const tables = Object.hasOwn(slices, slice) ? slices[slice]?.tables : undefined;
    return tables !== undefined && tables.length > 0 && slot === (currentSlot(slice) ?? slot);
  };
}

/** The config's source, and those of unused streams. */
export async function readSources(
  { legacy }: FicusConfig,
  unused: readonly StreamRecord[],
  read: ReadSourceStreams,
): Promise<Map<string, SourceStreams | undefined>> {
  const urls = new Map(unused.map(({ source }) => [describeDatabase(source), source]));
  // The config's URL has the password, too.
  if (legacy.database) urls.set(describeDatabase(legacy.database), legacy.database);
  const answers = [...urls].map(
    async ([database, url]) => [database, await read(url).catch(() => undefined)] as const,
  );
  return new Map(await Promise.all(answers));
}
