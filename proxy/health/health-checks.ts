/**
 * The health checks of a proxy: one for each upstream that has any, once per proxy whatever the number of its workers.
 * Held by the primary, which passes every verdict to the workers. Nothing of a check is counted, logged or copied as a
 * request; a change of state is one line in the log.
 */
import type {
  CheckedAddressStatus,
  CheckedUpstreamStatus,
  FailingChecks,
  FicusConfig,
  UpstreamConfig,
} from '@ficus/core';
import type { Logger } from 'pino';
import type { CheckedUpstream } from '../resilience/checked-upstream.ts';
import type { NameOptions } from '../upstream/address-book.ts';
import { candidateName, LEGACY } from '../upstream/upstream-name.ts';
import type { CheckedConfig } from './send-check.ts';
import { UpstreamCheck } from './upstream-check.ts';

interface HealthChecksParts {
  readonly logger: Logger;
  /** Adds to a plain counter. */
  readonly count: (series: string) => void;
  /** All verdicts, whenever one has changed. */
  readonly onVerdicts: (upstreams: readonly CheckedUpstream[]) => void;
  readonly names?: NameOptions;
  readonly random?: () => number;
}

export class HealthChecks {
  readonly #parts: HealthChecksParts;
  /** By name and config: a reload that changes neither changes nothing. */
  #running = new Map<string, UpstreamCheck>();
  #lastVerdicts = '[]';
  #stopped = false;

  constructor(parts: HealthChecksParts) {
    this.#parts = parts;
  }

  get verdicts(): readonly CheckedUpstream[] {
    return this.#all.map(({ verdict }) => verdict);
  }

  /** For /readyz and /status. */
  get reports(): CheckedUpstreamStatus[] {
    return this.#all.map(({ name, addresses }) => ({ name, state: stateOf(addresses), addresses }));
  }

  /** For a report. @param slices whose candidates count */
  failing(slices: readonly string[]): FailingChecks | undefined {
    const failing = new Set(this.verdicts.filter(({ unhealthy }) => unhealthy).map(({ name }) => name));
    if (failing.size === 0) return undefined;
    const candidates = slices.filter((slice) => failing.has(candidateName(slice)));
    return { legacy: failing.has(LEGACY), candidates };
  }

  /** Current values, by series: of addresses about which something is known. */
  gauges(): Record<string, number> {
    const known = this.#all.flatMap(({ name, addresses }) =>
      addresses.flatMap(({ address, state }) =>
        state === 'unknown' ? [] : [[seriesOf(name, address), state === 'healthy' ? 1 : 0] as const],
      ),
    );
    return Object.fromEntries(known);
  }

  /**
   * Starts the checks of a config; those that it does not change continue, the others stop. A check whose upstream has
   * changed elsewhere takes over what is known: users must not be sent back to a dead candidate by a change of its timeouts.
   */
  replace(config: FicusConfig): void {
    if (this.#stopped) return;
    const before = this.#running;
    this.#running = new Map();
    for (const { name, upstream } of checkedUpstreams(config)) {
      const key = `${name} ${JSON.stringify(upstream)}`;
      const replaced = [...before.values()].find((check) => check.name === name);
      this.#running.set(key, before.get(key) ?? this.#start(name, upstream, replaced));
    }
    for (const [key, check] of before) if (!this.#running.has(key)) check.stop();
    this.#announce();
  }

  stop(): void {
    this.#stopped = true;
    for (const check of this.#all) check.stop();
  }

  get #all(): UpstreamCheck[] {
    return [...this.#running.values()];
  }

  #start(name: string, upstream: CheckedConfig, replaced: UpstreamCheck | undefined): UpstreamCheck {
    const { count, names = {}, random = Math.random } = this.#parts;
    const hooks = {
      onChecked: (passed: boolean) =>
        count(`ficus_health_checks_total{upstream="${name}",result="${passed ? 'passed' : 'failed'}"}`),
      onChange: (address: CheckedAddressStatus) => this.#log(name, address),
      onVerdict: () => this.#announce(),
      names,
      random,
    };
    return new UpstreamCheck(name, upstream, hooks, replaced);
  }

  #announce(): void {
    const { verdicts } = this;
    const text = JSON.stringify(verdicts);
    if (text === this.#lastVerdicts) return;
    this.#lastVerdicts = text;
    this.#parts.onVerdicts(verdicts);
  }

  #log(upstream: string, { address, state, detail }: CheckedAddressStatus): void {
    const { logger } = this.#parts;
    if (state === 'unhealthy')
      logger.warn({ upstream, address, detail }, `health checks fail: ${consequenceOf(upstream)}`);
    else logger.info({ upstream, address }, 'health checks pass');
  }
}

function consequenceOf(upstream: string): string {
  return upstream === LEGACY
    ? 'the legacy gets its requests nevertheless, at its other addresses where it has any that pass'
    : 'the candidate gets no request that another address of it, or the legacy, can serve';
}

export function checkedUpstreams({
  legacy,
  slices,
}: FicusConfig): { readonly name: string; readonly path: string; readonly upstream: CheckedConfig }[] {
  const all: { name: string; path: string; upstream: UpstreamConfig }[] = [
    { name: LEGACY, path: 'legacy', upstream: legacy },
    ...Object.entries(slices).map(([slice, { candidate }]) => ({
      name: candidateName(slice),
      path: `slices.${slice}.candidate`,
      upstream: candidate,
    })),
  ];
  return all.flatMap(({ name, path, upstream }) => {
    const { health } = upstream;
    return health === undefined ? [] : [{ name, path, upstream: { ...upstream, health } }];
  });
}

function stateOf(addresses: readonly CheckedAddressStatus[]): CheckedUpstreamStatus['state'] {
  const known = addresses.filter(({ state }) => state !== 'unknown');
  const healthy = known.filter(({ state }) => state === 'healthy').length;
  if (known.length === 0) return 'unknown';
  if (healthy === known.length) return 'healthy';
  return healthy === 0 && known.length === addresses.length ? 'unhealthy' : 'degraded';
}

/** Addresses come from the config or a resolver; a socket's path may hold anything. */
function seriesOf(upstream: string, address: string): string {
  const escaped = address.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');
  return `ficus_upstream_healthy{upstream="${upstream}",address="${escaped}"}`;
}
