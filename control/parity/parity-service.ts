/**
 * From observations to counted verdicts. An observation that this config's proxies cannot have made is refused. A
 * mismatch in a slice with tables may be lag, so it is confirmed before it counts; without room for a confirmation it
 * counts as inconclusive, and is never silently lost.
 */
import type { FicusConfig, Observation, ReportRefusal, SliceState, Verdict } from '@ficus/core';
import type { ParityReport } from '@ficus/parity';
import { type OpenedAsker, openAsker } from '@ficus/proxy';
import type { Logger } from 'pino';
import type { CandidateWatch } from '../traffic/candidate-watch.ts';
import { RefusedReports } from '../traffic/refused-reports.ts';
import { UNKNOWN_VERSION, type VersionEvidence } from './candidate-evidence.ts';
import type { CatchUp } from './catch-up.ts';
import { confirmMismatch } from './confirm-mismatch.ts';
import { ConfirmQueue } from './confirm-queue.ts';
import { SeenSeals } from './seen-seals.ts';
import { type SliceComparison, SliceParity } from './slice-parity.ts';
import { Turns } from './turns.ts';
import { versionOf } from './version-of.ts';

interface ParityServiceOptions {
  readonly config: FicusConfig;
  readonly catchUp: CatchUp;
  readonly stateOf: (slice: string) => SliceState;
  readonly logger: Logger;
  /** Learns from copies whether a candidate answers. */
  readonly candidates?: CandidateWatch;
  /** What an earlier run found about a slice. */
  readonly stored?: (slice: string) => readonly VersionEvidence[];
  /** Asks the sides again; by default the proxy's own asker. */
  readonly openAsker?: (config: FicusConfig) => OpenedAsker;
}

type Mismatch = Extract<Verdict, { kind: 'mismatch' }>;

const CONFIRMED_AT_ONCE = 4;
const CONFIRMED_LATER = 500;

export class ParityService {
  readonly refused: RefusedReports;
  /** Of whatever holds the thread for a while. */
  readonly turns = new Turns();
  readonly #options: ParityServiceOptions;
  readonly #queue = new ConfirmQueue(CONFIRMED_AT_ONCE, CONFIRMED_LATER);
  /** Not part of the asker, which a reload replaces. */
  readonly #seenSeals = new SeenSeals();
  #slices: ReadonlyMap<string, SliceParity> = new Map();
  #asker: OpenedAsker;

  constructor(options: ParityServiceOptions) {
    this.#options = options;
    this.refused = new RefusedReports(options.logger);
    this.#asker = this.#openAsker(options.config);
    this.#prepareSlices(options.config)();
  }

  /**
   * Applies the upstreams and rules of a new config; keeps the counts of slices that stay. When it throws, nothing changes.
   * @throws FicusError FICUS_PEM_UNREADABLE when a PEM file of an upstream cannot be read
   */
  reconfigure(config: FicusConfig): void {
    const takeSlices = this.#prepareSlices(config);
    const before = this.#asker;
    this.#asker = this.#openAsker(config);
    before.retire();
    takeSlices();
  }

  /** Differences of a slice that wait for their confirmation. */
  confirming(slice: string): number {
    return this.#slices.get(slice)?.confirming ?? 0;
  }

  /** Each is checked and compared in a turn of its own: bodies may be long. */
  async observeAll(observations: Iterable<Observation | undefined>): Promise<void> {
    await this.turns.next();
    for (const observation of observations) {
      if (observation) this.observe(observation);
      await this.turns.next();
    }
  }

  /** Never throws. */
  observe(observation: Observation): void {
    const refusal = this.#refusal(observation);
    const slice = this.#slices.get(observation.slice);
    if (refusal !== undefined || slice === undefined) {
      this.refused.add('observation', refusal ?? 'slice-unknown', observation);
      return;
    }
    const now = Date.now();
    this.#noteCandidate(observation, now);
    const comparison = slice.comparison(observation);
    const verdict = comparison.compare(observation.legacy, observation.candidate);
    // Only a slice with a stream can lag.
    if (verdict.kind !== 'mismatch' || slice.config.tables.length === 0)
      slice.count(observation, verdict, comparison.kept, now);
    else if (mayBeAskedAgain(slice, observation)) this.#confirmLater(slice, observation, verdict, now);
    else slice.count(observation, UNCONFIRMED, comparison.kept, now);
  }

  /** An error that the legacy answers with as well is right. */
  #noteCandidate({ slice, legacy, candidate }: Observation, now: number): void {
    const { candidates } = this.#options;
    const errs = 'status' in candidate && candidate.status >= 500;
    if ('failed' in candidate) candidates?.failed(slice, 'no answer', now);
    else if (errs && 'status' in legacy && legacy.status < 500) candidates?.failed(slice, 'errors', now);
    else candidates?.answered(slice, now);
  }

  #refusal(observation: Observation): ReportRefusal | undefined {
    return (
      this.#asker.refusal(observation) ??
      this.#asker.sealRefusal(observation) ??
      stateRefusal(observation, this.#options.stateOf(observation.slice)) ??
      this.#replayRefusal(observation)
    );
  }

  /** Last: an observation that is refused for another reason may be sent again. */
  #replayRefusal({ seal, at }: Observation): ReportRefusal | undefined {
    if (seal === undefined || this.#seenSeals.take(seal, at, Date.now())) return undefined;
    return 'seal-replayed';
  }

  /** Counts copies that never became a comparison. */
  skipped(slice: string, reason: string, copies: number): void {
    this.#slices.get(slice)?.addSkipped(reason, copies);
  }

  /** `undefined` for a slice that is not in the config. */
  report(slice: string): ParityReport | undefined {
    return this.#slices.get(slice)?.report();
  }

  get slices(): readonly string[] {
    return [...this.#slices.keys()];
  }

  /** What was found, to be stored when its revision has grown. */
  evidence(slice: string): {
    readonly revision: number;
    readonly versions: () => readonly VersionEvidence[];
  } {
    const known = this.#slices.get(slice);
    return { revision: known?.revision ?? 0, versions: () => known?.evidence() ?? [] };
  }

  /** The candidate's current version, empty while it is not known, and what was found about earlier ones. */
  versions(slice: string): { readonly current: string; readonly earlier: readonly VersionEvidence[] } {
    const known = this.#slices.get(slice);
    return { current: known?.version ?? UNKNOWN_VERSION, earlier: known?.earlier() ?? [] };
  }

  /** Ids of a slice's reads of which nothing was compared. */
  uncompared(slice: string): string[] {
    return this.#slices.get(slice)?.uncompared() ?? [];
  }

  /** Expired rules of a slice. */
  expiredRules(slice: string): string[] {
    return this.#slices.get(slice)?.expiredRules() ?? [];
  }

  /** Begins a new window. */
  reset(slice: string): void {
    this.#slices.get(slice)?.reset();
  }

  stop(): void {
    this.#queue.stop();
    this.#asker.close();
  }

  #openAsker(config: FicusConfig): OpenedAsker {
    return (this.#options.openAsker ?? openAsker)(config);
  }

  #prepareSlices(config: FicusConfig): () => void {
    const prepared = Object.keys(config.slices).map((name) => {
      const known = this.#slices.get(name);
      const take = known?.prepare(config);
      return { name, slice: known ?? this.#newSlice(name, config), take };
    });
    return () => {
      for (const { take } of prepared) take?.();
      this.#slices = new Map(prepared.map(({ name, slice }) => [name, slice]));
    };
  }

  #newSlice(name: string, config: FicusConfig): SliceParity {
    const { logger, stored } = this.#options;
    return new SliceParity(name, config, logger, stored?.(name));
  }

  #confirmLater(slice: SliceParity, observation: Observation, first: Mismatch, reportedAt: number): void {
    const { window } = slice;
    const comparison = slice.comparison(observation);
    const offered = this.#queue.offer(async () => {
      const confirmed = await this.#confirm(observation, first, comparison.compare).catch(
        (error: unknown): Verdict => ({
          kind: 'inconclusive',
          reason: `asking again failed: ${String(error)}`,
        }),
      );
      slice.confirming -= 1;
      if (slice.window === window) slice.count(observation, confirmed, comparison.kept, reportedAt);
    });
    if (offered) slice.confirming += 1;
    else {
      const reason = 'too many differences at once to confirm this one';
      slice.count(observation, { kind: 'inconclusive', reason }, comparison.kept, reportedAt);
    }
  }

  async #confirm(
    observation: Observation,
    first: Mismatch,
    compare: SliceComparison['compare'],
  ): Promise<Verdict> {
    const { stateOf, catchUp } = this.#options;
    const { owner, epoch } = observation;
    if (stateOf(observation.slice).epoch !== epoch || this.#asker.refusal(observation) !== undefined)
      return { kind: 'inconclusive', reason: 'owner or config have changed since the request' };
    const { candidate } = this.#slices.get(observation.slice)!.config;
    const versions = new Set([versionOf(candidate, observation.candidate)]);
    const confirmed = await confirmMismatch(first, {
      owner,
      before: observation[owner],
      compare,
      catchUp: () => catchUp(observation.slice),
      ask: async (side) => {
        const answer = await this.#asker.ask(side, observation);
        if (side === 'candidate') versions.add(versionOf(candidate, answer));
        return answer;
      },
    });
    return [...versions].filter(Boolean).length > 1 ? OF_TWO_VERSIONS : confirmed;
  }
}

/** While a deployment runs: it would be a verdict about neither. */
const OF_TWO_VERSIONS: Verdict = {
  kind: 'inconclusive',
  reason: 'another version of the candidate answered when it was asked again',
};

const UNCONFIRMED: Verdict = {
  kind: 'inconclusive',
  reason: 'the answers differ, and the route is not asked again (confirm: false)',
};

function mayBeAskedAgain({ config }: SliceParity, { route }: Observation): boolean {
  return config.routes.find(({ id }) => id === route)?.confirm === true;
}

/** Requests of an older epoch may still be reported; no proxy has served under a later one. */
function stateRefusal({ epoch, owner }: Observation, state: SliceState): ReportRefusal | undefined {
  const isKnown = epoch < state.epoch || (epoch === state.epoch && owner === state.owner);
  return isKnown ? undefined : 'state-unknown';
}
