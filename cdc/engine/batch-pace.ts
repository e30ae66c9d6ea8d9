/**
 * Decides when to take the next batch: at once when idle; while the stream is behind, a batch waits a moment for more
 * transactions, because larger batches are cheaper.
 */
import type { ChangeSource } from '../batch/change-source.ts';
import type { ReplicationSettings } from '../replication-settings.ts';

interface BatchPaceOptions {
  readonly changes: ChangeSource;
  readonly settings: ReplicationSettings;
  /** A caller is waiting for a position: do not wait for a fuller batch. */
  readonly hasWaiters: () => boolean;
  /** There is something to do between two transactions. */
  readonly hasErrand: () => boolean;
  readonly stopping: () => boolean;
}

export class BatchPace {
  readonly #options: BatchPaceOptions;
  #wake: (() => void) | undefined;
  #sinceMs = 0;

  constructor(options: BatchPaceOptions) {
    this.#options = options;
  }

  /** Something that the next batch waits for may have happened. */
  signal(): void {
    this.#wake?.();
  }

  /** Resolves when a batch is to be taken, there is an errand, or the session stops. */
  async ready(): Promise<void> {
    const { changes, hasErrand, stopping } = this.#options;
    this.#sinceMs = 0;
    for (;;) {
      if (stopping() || hasErrand()) return;
      if (changes.isReady) {
        this.#sinceMs ||= Date.now();
        const waitMs = this.#lingerMs();
        if (waitMs <= 0) return;
        await this.#sleep(waitMs);
      } else await this.#sleep(undefined);
    }
  }

  /** Resolves when the condition holds or the session stops; checked on every signal. */
  async until(condition: () => boolean): Promise<void> {
    while (!this.#options.stopping() && !condition()) await this.#sleep(undefined);
  }

  #lingerMs(): number {
    const { changes, settings, hasWaiters } = this.#options;
    const batch = changes.gathering;
    const isBehind = Date.now() - batch.committedAtMs > 1_000;
    if (changes.isFull || !isBehind) return 0;
    if (batch.changes >= settings.batchRows || hasWaiters()) return 0;
    return this.#sinceMs + settings.batchLingerMs - Date.now();
  }

  #sleep(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        if (timer) clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
