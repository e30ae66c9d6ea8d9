/**
 * Writes what was found by comparing into the control database while it changes, so that a crash forgets at most the last
 * second. While the database is away they stay in memory, and are written when it is back.
 */
import type { EvidenceStore } from '../store/evidence-store.ts';
import type { ParityService } from './parity-service.ts';

const SAVE_EACH_MS = 1000;

export class EvidenceKeeper {
  readonly #store: EvidenceStore;
  readonly #parity: ParityService;
  /** Slice → the revision that is stored. */
  readonly #saved = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(store: EvidenceStore, parity: ParityService) {
    this.#store = store;
    this.#parity = parity;
  }

  start(): void {
    this.#timer = setInterval(() => void this.save(), SAVE_EACH_MS);
    this.#timer.unref();
  }

  /** Stores what has changed; one call after the other. Never throws. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#saveChanged());
    return this.#saving;
  }

  /** Stores the rest. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
  }

  async #saveChanged(): Promise<void> {
    await this.#store.saveVerifies().catch(() => undefined);
    for (const slice of this.#parity.slices) {
      const { revision, versions } = this.#parity.evidence(slice);
      if (this.#saved.get(slice) === revision) continue;
      try {
        await this.#store.saveEvidence(slice, versions());
        this.#saved.set(slice, revision);
      } catch {
        // The store logs a lost connection; the next turn tries again.
      }
    }
  }
}
