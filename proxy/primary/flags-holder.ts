/**
 * The flags in use: those that their source sends, or, until it does, those of an earlier run. Held by the primary; every
 * set goes to the workers, and onto the disk for the next run.
 */
import type { ClientFeatures, FicusConfig } from '@ficus/core';
import type { Logger } from 'pino';
import { describeFlags } from '../explain/describe-flags.ts';
import type { FlagsState } from '../explain/explanation.ts';
import { completeFeatures } from '../flags/feature-set.ts';
import { type FlagsBackup, openFlagsBackup } from '../flags/flags-backup.ts';
import type { FlagsSource } from '../flags/flags-source.ts';
import { openFlags } from '../flags/open-flags.ts';
import type { ControlAddress } from '../worker/worker-messages.ts';
import { logFlagChanges } from './flag-changes.ts';

interface FlagsHolderParts {
  readonly config: () => FicusConfig;
  readonly controlUrl: string | undefined;
  readonly control: ControlAddress | undefined;
  readonly logger: Logger;
  readonly onSet: (set: ClientFeatures) => void;
  readonly onRefused: (why: string | undefined) => void;
}

export class FlagsHolder {
  set: ClientFeatures | undefined;
  receivedAt: string | null = null;
  /** When the flags were received, while they are those of an earlier run. */
  lastKnownOf: string | undefined;

  readonly #parts: FlagsHolderParts;
  readonly #backup: FlagsBackup | undefined;
  #source: FlagsSource | undefined;

  constructor(parts: FlagsHolderParts) {
    this.#parts = parts;
    const { config, controlUrl, logger } = parts;
    this.#backup = openFlagsBackup(config().flags, controlUrl, (message) => logger.warn(message));
  }

  open(): void {
    const { config, control, logger, onRefused } = this.#parts;
    this.#source = openFlags(config().flags, control, {
      onFlags: (read) => this.#take(completeFeatures(read)),
      onProblem: (message) => logger.warn(message),
      onRefused,
    });
  }

  /** Built-in flags come from the control plane: an unreachable one has none. */
  first(controlAway: Promise<void> | undefined): Promise<void> | undefined {
    const isBuiltin = this.#parts.config().flags.provider === 'builtin';
    const away = isBuiltin ? controlAway : undefined;
    return away && this.#source ? Promise.race([this.#source.first, away]) : this.#source?.first;
  }

  /** There is a source, and nothing is known of it. */
  get isMissing(): boolean {
    return this.#source !== undefined && this.set === undefined;
  }

  get problem(): string | undefined {
    return this.#source?.problem;
  }

  /** The source has sent none: those of an earlier run are used, if there are any. */
  async takeKept(): Promise<void> {
    const kept = await this.#backup?.last();
    if (kept === undefined || this.set !== undefined) return;
    this.set = completeFeatures(kept.set);
    this.lastKnownOf = kept.receivedAt;
    this.receivedAt = kept.receivedAt;
    this.#parts.logger.warn(
      { flagsOf: kept.receivedAt },
      'flags cannot be read from their source: the last known ones are used until it answers',
    );
  }

  describe(): FlagsState {
    return describeFlags({
      provider: this.#parts.config().flags.provider,
      hasSource: this.#source !== undefined,
      isKnown: this.set !== undefined,
      lastKnownOf: this.lastKnownOf,
      receivedAt: this.receivedAt ?? undefined,
      problem: this.problem,
    });
  }

  async reload(): Promise<void> {
    await this.#source?.reload();
  }

  async stop(): Promise<void> {
    this.#source?.stop();
    await this.#backup?.settled();
  }

  #take(set: ClientFeatures): void {
    const { config, logger, onSet } = this.#parts;
    const before = this.set;
    this.set = set;
    this.receivedAt = new Date().toISOString();
    this.lastKnownOf = undefined;
    onSet(set);
    this.#backup?.keep(set, new Date());
    logger.debug({ flags: set.features.length }, 'flags applied');
    logFlagChanges(config(), before, set, logger);
  }
}
