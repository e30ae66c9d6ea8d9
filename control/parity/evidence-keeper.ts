/**
 * Writes what was found by comparing into the control database while it changes, so that a crash forgets at most the last
 * second. What cannot be written stays in memory, is tried again each second, and is logged once until it is written.
 */
import { FicusError, refusalText } from '@ficus/core';
import type { Logger } from 'pino';
import type { EvidenceStore } from '../store/evidence-store.ts';
import type { ParityService } from './parity-service.ts';

const SAVE_EACH_MS = 1000;

export class EvidenceKeeper {
  readonly #store: EvidenceStore;
  readonly #parity: ParityService;
  readonly #logger: Logger;
  /** Slice → the revision that is stored. */
  readonly #saved = new Map<string, number>();
  /** What could not be written the last time. */
  readonly #failing = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<unknown> = Promise.resolve();

  constructor(store: EvidenceStore, parity: ParityService, logger: Logger) {
    this.#store = store;
    this.#parity = parity;
    this.#logger = logger;
  }

  start(): void {
    this.#timer = setInterval(() => void this.save(), SAVE_EACH_MS);
    this.#timer.unref();
  }

  /** Stores what has changed; one call after the other. Never throws. */
  save(): Promise<void> {
    return this.#next(async () => {
      await this.#try('verify', '', () => this.#store.saveVerifies());
      for (const slice of this.#parity.slices)
        await this.#try('evidence', slice, () => this.#saveSlice(slice));
    });
  }

  /**
   * Stores the new window of a slice.
   * @throws FicusError FICUS_CONTROL_NOT_STORED
   */
  async saveReset(slice: string): Promise<void> {
    const error = await this.#next(() => this.#try('evidence', slice, () => this.#saveSlice(slice)));
    if (error === undefined) return;
    throw new FicusError(
      'FICUS_CONTROL_NOT_STORED',
      `The new comparison window of ${slice} has begun, but is not stored: ${refusalText(error).replace(/\.$/, '')}.`,
      { cause: error },
    );
  }

  /** Stores the rest. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#saving.then(work);
    this.#saving = done;
    return done;
  }

  async #saveSlice(slice: string): Promise<void> {
    const { revision, versions } = this.#parity.evidence(slice);
    if (this.#saved.get(slice) === revision) return;
    await this.#store.saveEvidence(slice, versions());
    this.#saved.set(slice, revision);
  }

  /** Returns why it failed. */
  async #try(what: 'evidence' | 'verify', slice: string, write: () => Promise<void>): Promise<unknown> {
    const key = `${what} ${slice}`;
    const facts = slice === '' ? {} : { slice };
    try {
      await write();
      if (this.#failing.delete(key)) this.#logger.info(facts, `${what} is stored again`);
      return undefined;
    } catch (error) {
      // The store logs a lost connection itself.
      const isLost = error instanceof FicusError && error.code === 'FICUS_DATABASE_UNREACHABLE';
      if (!isLost && !this.#failing.has(key)) {
        this.#failing.add(key);
        this.#logger.error(
          { ...facts, err: error },
          `${what} cannot be stored, and would be lost at a restart`,
        );
      }
      return error;
    }
  }
}
