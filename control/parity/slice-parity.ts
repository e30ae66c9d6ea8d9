/**
 * The comparison of one slice: its rules, its tally, and which differences were logged. It survives a change of the
 * config, so that the counts stay; a new window begins with `reset`.
 */
import type { FicusConfig, Observation, ObservedResponse, SliceConfig, Verdict } from '@ficus/core';
import {
  comparedOf,
  compareResponses,
  generalPath,
  type IsAllowed,
  KeptValues,
  makeSample,
  type ParityReport,
  prepareAllowed,
  prepareRules,
  ruleName,
  type SampleContext,
} from '@ficus/parity';
import { withheldCredentials, withhold } from '@ficus/proxy';
import type { Logger } from 'pino';
import { CandidateEvidence, type VersionEvidence } from './candidate-evidence.ts';
import { versionOf, withoutVersion } from './version-of.ts';

/** How the answers to one request are compared, and what of them may be kept. */
export interface SliceComparison {
  readonly kept: KeptValues;
  compare(legacy: ObservedResponse, candidate: ObservedResponse): Verdict;
}

const MOST_LOGGED = 100;

export class SliceParity {
  /** Differences whose confirmation waits or runs. */
  confirming = 0;
  /** Grows with each change of what was found. */
  revision = 0;
  readonly #name: string;
  readonly #logger: Logger;
  readonly #evidence: CandidateEvidence;
  readonly #logged = new Set<string>();
  #config: FicusConfig;
  #isAllowed: IsAllowed;
  #window = 0;

  /** @param stored what an earlier run found */
  constructor(name: string, config: FicusConfig, logger: Logger, stored: readonly VersionEvidence[] = []) {
    this.#name = name;
    this.#config = config;
    const rule = samplesRule(this.config);
    this.#evidence = new CandidateEvidence(
      this.config.candidate.version,
      stored.map(({ samplesRule: before, ...found }) => (before === rule ? found : withoutSamples(found))),
    );
    this.#isAllowed = allowedBy(this.config);
    this.#logger = logger;
    this.#warnOfExpiredRules();
  }

  get config(): SliceConfig {
    return this.#config.slices[this.#name]!;
  }

  /** Verdicts of an older window do not count in a new one. */
  get window(): number {
    return this.#window;
  }

  /** Prepares another config. Returns what applies it, which cannot fail. */
  prepare(config: FicusConfig): () => void {
    const isAllowed = allowedBy(config.slices[this.#name]!);
    return () => {
      const { version } = config.slices[this.#name]!.candidate;
      // What is being confirmed was answered by another version.
      if (version !== this.config.candidate.version) this.#window += 1;
      this.#evidence.fix(version);
      const before = samplesRule(this.config);
      this.#config = config;
      if (samplesRule(this.config) !== before) this.#dropSamples();
      this.#isAllowed = isAllowed;
      this.#warnOfExpiredRules();
    };
  }

  /** How the answers to this request are compared, by today's rules. */
  comparison({ route, requestHeaders }: Observation): SliceComparison {
    const { legacy, slices } = this.#config;
    const { candidate, parity } = slices[this.#name]!;
    const rules = prepareRules(parity.ignore, route, today());
    // Absolute URLs may name the upstream, or the host of the client's request: both mean the side itself.
    const host = requestHeaders.find(([name]) => name.toLowerCase() === 'host')?.[1];
    const asked = host === undefined ? [] : [`http://${host}`, `https://${host}`];
    const origins = {
      legacy: [...originsOf(legacy), ...asked],
      candidate: [...originsOf(candidate), ...asked],
    };
    const kept = new KeptValues(this.#isAllowed);
    return {
      kept,
      compare: (left, right) =>
        compareResponses(withoutVersion(candidate, left), withoutVersion(candidate, right), {
          ...{ rules, origins, kept },
        }),
    };
  }

  /**
   * @param kept that of the comparison which led to the verdict
   * @param reportedAt when the observation came, in milliseconds: a confirmation takes its time
   */
  count(observation: Observation, verdict: Verdict, kept: KeptValues, reportedAt: number): void {
    this.revision += 1;
    const { candidate, parity } = this.config;
    const version = versionOf(candidate, observation.candidate);
    const makesSamples = parity.samples !== 'off';
    const sample = () => makeSample(observation, verdict, this.#sampleContext(observation, kept));
    for (const tally of this.#evidence.tallies(version, verdict, reportedAt))
      tally.add(observation.route, verdict, new Date(), makesSamples ? sample : undefined);
    if (verdict.kind === 'mismatch') this.#logNew(observation, verdict, version || this.version);
  }

  /** Values that were shown must not stay when they may be shown no longer. */
  #dropSamples(): void {
    this.revision += 1;
    this.#evidence.dropSamples();
  }

  #sampleContext({ route }: Observation, kept: KeptValues): SampleContext {
    const { legacy, proxy } = this.#config;
    return {
      kept,
      legacy: legacy.url,
      candidate: this.config.candidate.url,
      pattern: this.config.routes.find(({ id }) => id === route)?.path ?? '',
      assertionHeader: proxy.identify.assert?.header,
      withhold: (headers) => withhold(headers, withheldCredentials(proxy.identify, this.config.candidate)),
    };
  }

  /** Counts copies that never became a comparison. */
  addSkipped(reason: string, copies: number): void {
    this.revision += 1;
    this.#evidence.current.addSkipped('(not compared)', reason, copies);
  }

  /** Of the current version of the candidate. */
  report(): ParityReport {
    return this.#evidence.current.report();
  }

  /** The current version of the candidate; empty while it is not known. */
  get version(): string {
    return this.#evidence.version;
  }

  /** What was found about each version, to be stored. */
  evidence(): VersionEvidence[] {
    const rule = samplesRule(this.config);
    return this.#evidence.all().map((found) => ({ ...found, samplesRule: rule }));
  }

  /** What was found about earlier versions, newest first. */
  earlier(): VersionEvidence[] {
    return this.#evidence.earlier();
  }

  /** Ids of reads of which nothing was compared. Writes are never copied. */
  uncompared(): string[] {
    const { routes } = this.report();
    return this.config.routes
      .filter(({ id, kind }) => kind === 'read' && !(routes[id] && comparedOf(routes[id]) > 0))
      .map(({ id }) => id);
  }

  /** Expired rules. */
  expiredRules(): string[] {
    return this.config.parity.ignore
      .filter(({ expires }) => expires !== undefined && expires < today())
      .map(ruleName);
  }

  /** Begins a new window. */
  reset(): void {
    this.revision += 1;
    this.#window += 1;
    this.#logged.clear();
    this.#evidence.reset();
  }

  /**
   * Each kind of difference is logged once per window: thousands of equal lines would flood the log, and all are
   * counted.
   */
  #logNew(
    { route, requestId, traceId }: Observation,
    { differences }: Extract<Verdict, { kind: 'mismatch' }>,
    version: string,
  ): void {
    const paths = [...new Set(differences.map(({ path }) => generalPath(path)))];
    const kind = JSON.stringify([version, route, ...paths]);
    if (this.#logged.has(kind) || this.#logged.size >= MOST_LOGGED) return;
    this.#logged.add(kind);
    this.#logger.warn(
      { slice: this.#name, route, requestId, traceId, paths, ...(version && { version }) },
      'parity mismatch',
    );
  }

  #warnOfExpiredRules(): void {
    const rules = this.expiredRules();
    if (rules.length > 0)
      this.#logger.warn({ slice: this.#name, rules }, 'expired rules of parity.ignore have no effect');
  }
}

const today = (): string => new Date().toISOString().slice(0, 10);

/** How absolute URLs may name a side. */
function originsOf({ url, host }: FicusConfig['legacy'] | SliceConfig['candidate']): string[] {
  const { origin } = new URL(url);
  return host === undefined ? [origin] : [origin, `http://${host}`, `https://${host}`];
}

function allowedBy({ parity: { samples } }: SliceConfig): IsAllowed {
  return prepareAllowed(typeof samples === 'string' ? [] : samples.allow);
}

const samplesRule = ({ parity: { samples } }: SliceConfig): string => JSON.stringify(samples);

function withoutSamples(found: VersionEvidence): VersionEvidence {
  return { ...found, report: { ...found.report, samples: [] } };
}
