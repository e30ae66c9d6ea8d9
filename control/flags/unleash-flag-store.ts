/** Flags on an Unleash server: read through its client API, set through its admin API. */
import { type FlagKind, flagName, OneAtATime } from '@ficus/core';
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
import { type UnleashConfig, UnleashServer } from './unleash-server.ts';

/** An Unleash server polls each second for its own changes; until then its client API shows the old value. */
const SETTLED_MS = 3000;

interface Written {
  readonly percent: number;
  readonly atMs: number;
}

export class UnleashFlagStore implements FlagStore {
  readonly #refreshMs: number;
  readonly #server: UnleashServer;
  readonly #audit: AuditForeignChange;
  readonly #features: ForeignFeatures;
  readonly #written = new Map<string, Written>();
  readonly #turns = new OneAtATime();

  constructor(config: UnleashConfig, audit: AuditForeignChange) {
    this.#refreshMs = config.refreshMs;
    this.#server = new UnleashServer(config);
    this.#audit = audit;
    this.#features = new ForeignFeatures(() => this.#server.features());
  }

  /** Starts noticing external changes on the server. */
  follow(logger: Logger): void {
    this.#features.follow(this.#refreshMs, logger);
  }

  read(slice: string, kind: FlagKind): FlagFact {
    const written = this.#written.get(flagName(slice, kind));
    if (written === undefined || performance.now() - written.atMs > SETTLED_MS)
      return this.#features.read(slice, kind);
    return { percent: written.percent, on: written.percent > 0, changedAt: null };
  }

  /** @throws FicusError FICUS_UNLEASH_TOKEN_MISSING, _FORBIDDEN, _CHANGE_REFUSED, _FLAG_UNUSABLE, _UNREACHABLE; FICUS_CONFIG_INVALID */
  set(asked: FlagChange, judge: JudgeChange = allowChange): Promise<number | null> {
    return this.#turns.run(async () => {
      const name = flagName(asked.slice, asked.kind);
      const rollout = await this.#server.readRollout(name);
      const change = judged(asked, rollout.percent, judge);
      await this.#audit(change, rollout.percent, () => this.#server.setRollout(rollout, change.percent));
      this.#written.set(name, { percent: change.percent, atMs: performance.now() });
      return rollout.percent;
    });
  }

  subscribe(listener: (slice: string, kind: FlagKind) => void): () => void {
    return this.#features.subscribe(listener);
  }

  stop(): void {
    this.#features.stop();
  }
}
