/**
 * Gauges of upstreams. A worker reports only those that are not zero, twice a second: of many slices most rest, and their
 * names alone would hold its requests up for milliseconds. The primary adds the zeros where its metrics are read.
 */
import type { ProxyReport, Side } from '@ficus/core';
import { addTo } from '../observe/add-to.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { candidateName, copiesName, LEGACY } from '../upstream/upstream-name.ts';
import type { LiveUpstream } from './live-upstream.ts';

type Series = (upstream: string) => string;

const connectionsIn =
  (state: string): Series =>
  (upstream) =>
    `ficus_upstream_connections{upstream="${upstream}",state="${state}"}`;

const OF_CONNECTIONS = {
  active: connectionsIn('active'),
  idle: connectionsIn('idle'),
  connecting: connectionsIn('connecting'),
  tunnels: connectionsIn('tunnels'),
  streams: connectionsIn('streams'),
  pending: (upstream) => `ficus_upstream_pending{upstream="${upstream}"}`,
  addressesOut: (upstream) => `ficus_upstream_addresses_out{upstream="${upstream}"}`,
} as const satisfies Partial<Record<keyof Upstream['stats'], Series>>;

const MEASURED = Object.entries(OF_CONNECTIONS) as [keyof typeof OF_CONNECTIONS, Series][];

/** 1 while an upstream's breaker is not closed; summed over workers. */
const breakerOpen: Series = (upstream) => `ficus_breakers_open{upstream="${upstream}"}`;

/** 1 while it is not closed because of answers of 500 and above; summed over workers. */
const breakerOnErrors: Series = (upstream) => `ficus_breakers_on_errors{upstream="${upstream}"}`;

/** Adds an upstream's values to those of the same series: a reload may have replaced one of the same name. */
export function addServing(all: Record<string, number>, live: LiveUpstream): void {
  addConnections(all, live.upstream);
  if (live.breaker.state === 'closed') return;
  const { name } = live.upstream;
  addTo(all, { [breakerOpen(name)]: 1, ...(live.opensOnErrors ? { [breakerOnErrors(name)]: 1 } : {}) });
}

export function addConnections(all: Record<string, number>, { name, stats }: Upstream): void {
  for (const [key, series] of MEASURED) {
    if (stats[key] > 0) addTo(all, { [series(name)]: stats[key] });
  }
}

/** Every series of a config's upstreams, at zero. */
export function restingUpstreams(slices: readonly string[]): Record<string, number> {
  const sides = [of(LEGACY, 'legacy'), ...slices.map((slice) => of(candidateName(slice), 'candidate'))];
  return Object.fromEntries(sides.flat().map((series) => [series, 0]));
}

function of(upstream: string, side: Side): string[] {
  const connections = [upstream, copiesName(upstream)].flatMap((name) =>
    MEASURED.map(([, series]) => series(name)),
  );
  const breakers = side === 'legacy' ? [breakerOpen] : [breakerOpen, breakerOnErrors];
  return [...connections, ...breakers.map((series) => series(upstream))];
}

/**
 * Slices with workers whose breaker for the candidate is open, with their number.
 * @param gauges sums over all workers, by series
 */
export function openBreakers(
  gauges: Readonly<Record<string, number>>,
  slices: readonly string[],
): Record<string, number> {
  return countWorkers(gauges, slices, breakerOpen);
}

/** As in a report: also those of them that are open because the candidate answers with 500 and above. */
export function countBreakers(
  gauges: Readonly<Record<string, number>>,
  slices: readonly string[],
): Required<Pick<ProxyReport, 'breakersOpen' | 'breakersOnErrors'>> {
  return {
    breakersOpen: openBreakers(gauges, slices),
    breakersOnErrors: countWorkers(gauges, slices, breakerOnErrors),
  };
}

function countWorkers(
  gauges: Readonly<Record<string, number>>,
  slices: readonly string[],
  series: Series,
): Record<string, number> {
  const counts = slices.map((slice) => [slice, gauges[series(candidateName(slice))] ?? 0] as const);
  return Object.fromEntries(counts.filter(([, workers]) => workers > 0));
}
