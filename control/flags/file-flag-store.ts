/** Flags in a file in Unleash's client-features format, which the proxies watch. */
import { FicusError, type FlagKind, OneAtATime } from '@ficus/core';
import { readFlagsFile } from '@ficus/proxy';
import type { Logger } from 'pino';
import {
  allowChange,
  type FlagChange,
  type FlagFact,
  type FlagStore,
  type JudgeChange,
  judged,
} from './flag-store.ts';
import type { AuditForeignChange } from './foreign-audit.ts';
import { ForeignFeatures } from './foreign-features.ts';
import { setPercentInFile } from './set-percent-in-file.ts';

const LOOK_EVERY_MS = 1000;

export class FileFlagStore implements FlagStore {
  readonly #file: string;
  readonly #audit: AuditForeignChange;
  readonly #features: ForeignFeatures;
  readonly #turns = new OneAtATime();

  constructor(file: string, audit: AuditForeignChange) {
    this.#file = file;
    this.#audit = audit;
    this.#features = new ForeignFeatures(() => readFlagsFile(file));
  }

  /** Starts noticing external changes of the file. */
  follow(logger: Logger): void {
    this.#features.follow(LOOK_EVERY_MS, logger);
  }

  read(slice: string, kind: FlagKind): FlagFact {
    return this.#features.read(slice, kind);
  }

  /** @throws FicusError FICUS_FLAGS_FILE_INVALID, FICUS_PATH_UNUSABLE, FICUS_FLAGS_FILE_LOCKED */
  async set(change: FlagChange, judge: JudgeChange = allowChange): Promise<number | null> {
    const { slice, kind, percent } = change;
    return this.#turns.run(async () => {
      const before = await setPercentInFile(this.#file, kind, slice, percent, (previous, write) =>
        this.#audit(judged(change, previous, judge), previous, () => refusalOf(write())),
      );
      await this.#features.refresh();
      return before;
    });
  }

  subscribe(listener: (slice: string, kind: FlagKind) => void): () => void {
    return this.#features.subscribe(listener);
  }

  stop(): void {
    this.#features.stop();
  }
}

/** A failed write has left the file unchanged. */
function refusalOf(write: Promise<void>): Promise<FicusError | undefined> {
  return write.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof FicusError) return error;
      throw error;
    },
  );
}
