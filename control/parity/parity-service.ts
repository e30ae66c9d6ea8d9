/**
 * From observations to counted verdicts. A mismatch in a slice with tables may be lag, so it is asked again
 * before it counts; what there is no room to ask again counts as inconclusive, and is never silently lost.
 */
import { setImmediate } from 'node:timers/promises';
import {
  type FicusConfig,
  isComparable,
  type Observation,
  type SliceConfig,
  type SliceState,
  type Verdict,
} from '@ficus/core';
import {
  compareResponses,
  makeSample,
  type ParityReport,
  ParityTally,
  prepareRules,
  ruleName,
} from '@ficus/parity';
import type { Logger } from 'pino';
import type { PositionSource } from '../replications/position-source.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';
import { confirmMismatch } from './confirm-mismatch.ts';
import { ConfirmQueue } from './confirm-queue.ts';
import { IdentityForCandidate } from './identity-for-candidate.ts';
import { type AskerLimits, type RepeatedRequest, UpstreamAsker } from './upstream-asker.ts';

export interface ParityServiceOptions {
  readonly config: FicusConfig;
  readonly replications: ReplicationSet;
  readonly positions: PositionSource;
  readonly stateOf: (slice: string) => SliceState;
  readonly logger: Logger;
  readonly confirm?: {
    readonly concurrency?: number;
    readonly capacity?: number;
    readonly catchUpMs?: number;
  };
}

interface SliceParity {
  readonly name: string;
  readonly config: SliceConfig;
  readonly tally: ParityTally;
  readonly candidate: UpstreamAsker;
  /** Verdicts of an older window do not count in a new one. */
  readonly window: { number: number; readonly logged: Set<string> };
  /** Differences that wait to be asked again, or are. */
  readonly open: { differences: number };
}

const MOST_LOGGED = 100;

export class ParityService {
  private readonly options: ParityServiceOptions;
  private readonly queue: ConfirmQueue;
  private config: FicusConfig;
  private slices: ReadonlyMap<string, SliceParity>;
  private legacy: UpstreamAsker;
  private identity: IdentityForCandidate;

  constructor(options: ParityServiceOptions) {
    this.options = options;
    this.config = options.config;
    this.queue = new ConfirmQueue(options.confirm?.concurrency ?? 4, options.confirm?.capacity ?? 500);
    this.legacy = new UpstreamAsker(this.config.legacy, limitsOf(this.config));
    this.identity = this.makeIdentity();
    this.slices = this.makeSlices(new Map());
    this.warnOfExpiredRules();
  }

  /** Upstreams and rules of a new config; what was counted for a slice that stays goes on counting. */
  reconfigure(config: FicusConfig): void {
    const [legacy, slices] = [this.legacy, this.slices];
    this.config = config;
    this.legacy = new UpstreamAsker(config.legacy, limitsOf(config));
    this.identity = this.makeIdentity();
    this.slices = this.makeSlices(slices);
    this.warnOfExpiredRules();
    for (const asker of [legacy, ...[...slices.values()].map(({ candidate }) => candidate)]) asker.retire();
  }

  /** Differences of a slice that are asked again before they count. */
  confirming(slice: string): number {
    return this.slices.get(slice)?.open.differences ?? 0;
  }

  /** Judges one after the other, and lets others have their turn in between: bodies may be long. */
  async observeAll(observations: Iterable<Observation>): Promise<void> {
    for (const observation of observations) {
      this.observe(observation);
      await setImmediate();
    }
  }

  /** Never throws; observations of slices that are not ours are passed over. */
  observe(observation: Observation): void {
    const slice = this.slices.get(observation.slice);
    if (!slice) return;
    const compare = this.comparison(slice, observation);
    const verdict = compare(observation.legacy, observation.candidate);
    if (verdict.kind !== 'mismatch' || !this.mayBeLag(slice, observation)) {
      this.count(slice, observation, verdict);
      return;
    }
    const { number } = slice.window;
    const offered = this.queue.offer(async () => {
      const confirmed = await this.confirm(slice, observation, verdict).catch(
        (error: unknown): Verdict => ({
          kind: 'inconclusive',
          reason: `asking again failed: ${String(error)}`,
        }),
      );
      slice.open.differences -= 1;
      if (slice.window.number === number) this.count(slice, observation, confirmed);
    });
    if (offered) slice.open.differences += 1;
    else
      this.count(slice, observation, {
        kind: 'inconclusive',
        reason: 'too many differences at once to ask again for this one',
      });
  }

  /** Copies that never became a comparison. */
  skipped(slice: string, reason: string, copies: number): void {
    this.slices.get(slice)?.tally.addSkipped('(not compared)', reason, copies);
  }

  /** `undefined` for a slice that is not ours. */
  report(slice: string): ParityReport | undefined {
    return this.slices.get(slice)?.tally.report();
  }

  /** Rules of a slice that do not hold any more. */
  expiredRules(slice: string): string[] {
    const today = new Date().toISOString().slice(0, 10);
    const rules = this.slices.get(slice)?.config.parity.ignore ?? [];
    return rules.filter(({ expires }) => expires !== undefined && expires < today).map(ruleName);
  }

  /** Begins a new window. */
  reset(slice: string): void {
    const parity = this.slices.get(slice);
    if (!parity) return;
    parity.window.number += 1;
    parity.window.logged.clear();
    parity.tally.reset(new Date());
  }

  stop(): void {
    this.queue.stop();
    this.legacy.close();
    for (const { candidate } of this.slices.values()) candidate.close();
  }

  private makeIdentity(): IdentityForCandidate {
    return new IdentityForCandidate(this.config.proxy.identify, (request) => this.legacy.ask(request));
  }

  private makeSlices(before: ReadonlyMap<string, SliceParity>): Map<string, SliceParity> {
    return new Map(
      Object.entries(this.config.slices).map(([name, config]) => [
        name,
        {
          name,
          config,
          window: before.get(name)?.window ?? { number: 0, logged: new Set() },
          open: before.get(name)?.open ?? { differences: 0 },
          tally: before.get(name)?.tally ?? new ParityTally(new Date()),
          candidate: new UpstreamAsker(config.candidate, limitsOf(this.config)),
        },
      ]),
    );
  }

  private count(slice: SliceParity, observation: Observation, verdict: Verdict): void {
    const { legacy, proxy } = this.config;
    const assertionHeader = proxy.identify.assert?.header;
    const urls = { legacy: legacy.url, candidate: slice.config.candidate.url, assertionHeader };
    slice.tally.add(observation.route, verdict, () => makeSample(observation, verdict, urls));
    if (verdict.kind === 'mismatch') this.logNew(slice, observation, verdict);
  }

  /** Each kind of difference once in a window: thousands alike would drown the log, and are counted anyway. */
  private logNew(
    slice: SliceParity,
    { route, requestId, traceId }: Observation,
    { differences }: Extract<Verdict, { kind: 'mismatch' }>,
  ): void {
    const paths = [...new Set(differences.map(({ path }) => path.replace(/\[\d+\]/g, '[*]')))];
    const kind = JSON.stringify([route, ...paths]);
    const { logged } = slice.window;
    if (logged.has(kind) || logged.size >= MOST_LOGGED) return;
    logged.add(kind);
    this.options.logger.warn({ slice: slice.name, route, requestId, traceId, paths }, 'parity mismatch');
  }

  private warnOfExpiredRules(): void {
    for (const slice of this.slices.keys()) {
      const rules = this.expiredRules(slice);
      if (rules.length > 0)
        this.options.logger.warn({ slice, rules }, 'expired rules of parity.ignore explain nothing any more');
    }
  }

  private comparison(slice: SliceParity, { route, requestHeaders }: Observation) {
    const { config } = this;
    const rules = prepareRules(slice.config.parity.ignore, route, new Date().toISOString().slice(0, 10));
    // Absolute URLs may name the upstream, or the host that the client asked for: both mean the side itself.
    const host = requestHeaders.find(([name]) => name === 'host')?.[1];
    const asked = host === undefined ? [] : [`http://${host}`, `https://${host}`];
    const origins = {
      legacy: [new URL(config.legacy.url).origin, ...asked],
      candidate: [new URL(slice.config.candidate.url).origin, ...asked],
    };
    return (legacy: Observation['legacy'], candidate: Observation['candidate']): Verdict =>
      compareResponses(legacy, candidate, { rules, origins });
  }

  /** Only what has a stream can lag, and only what changes nothing may be asked again. */
  private mayBeLag(slice: SliceParity, observation: Observation): boolean {
    return slice.config.tables.length > 0 && isComparable(observation.method);
  }

  private confirm(
    slice: SliceParity,
    observation: Observation,
    first: Extract<Verdict, { kind: 'mismatch' }>,
  ): Promise<Verdict> {
    const { stateOf } = this.options;
    return confirmMismatch(first, {
      owner: stateOf(slice.name).owner,
      compare: this.comparison(slice, observation),
      catchUp: () => this.catchUp(slice.name),
      ask: async (side) => {
        const headers = await this.identity.headersFor(side, slice.name, observation.requestHeaders);
        const request: RepeatedRequest = { method: observation.method, target: observation.target, headers };
        if (side === 'legacy') return this.legacy.ask(request);
        const route = slice.config.routes.find(({ id }) => id === observation.route);
        return slice.candidate.ask(route?.rewrite ? { ...request, rewrite: route.rewrite } : request);
      },
    });
  }

  private async catchUp(slice: string): Promise<boolean> {
    const { positions, replications, confirm } = this.options;
    const port = replications.port(slice);
    if (!port) return false;
    return port.waitForPosition(await positions.position(slice), confirm?.catchUpMs ?? 5000);
  }
}

function limitsOf(config: FicusConfig): AskerLimits {
  const { timeoutMs, bodyBytes } = config.proxy.shadow;
  return { timeoutMs, bodyBytes };
}
