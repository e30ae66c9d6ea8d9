/**
 * Reduces a proxy's report to slices and routes of this config: anything else would create an unbounded number of
 * series.
 */
import {
  type DroppedCopies,
  dropReasons,
  type FicusConfig,
  type ProxyReport,
  REASONS,
  type TrafficCount,
} from '@ficus/core';
import type { RefusedReports } from '../traffic/refused-reports.ts';

/** Counts reasons of other versions. */
const UNKNOWN_REASON = 'unknown';

/** Requests that no route matched have no slice: one series for all of them. */
export function holdTraffic(
  traffic: readonly TrafficCount[],
  config: FicusConfig,
  refused: RefusedReports,
): TrafficCount[] {
  return traffic.flatMap((count) => {
    if (count.slice === '') return [{ ...count, route: '', reason: 'no-route' }];
    const slice = sliceOf(config, count.slice);
    if (slice?.routes.some(({ id }) => id === count.route)) return [withKnownReason(count)];
    refused.add('traffic', slice ? 'route-unknown' : 'slice-unknown', count);
    return [];
  });
}

export function holdDroppedCopies(
  dropped: readonly DroppedCopies[],
  config: FicusConfig,
  refused: RefusedReports,
): DroppedCopies[] {
  return dropped.flatMap((copies) => {
    if (sliceOf(config, copies.slice)) {
      const isKnown = Object.hasOwn(dropReasons, copies.reason);
      return [isKnown ? copies : { ...copies, reason: UNKNOWN_REASON }];
    }
    refused.add('dropped-copies', 'slice-unknown', copies);
    return [];
  });
}

/** A proxy with another config may know other slices. */
export function holdEpochs(epochs: ProxyReport['epochs'], config: FicusConfig): ProxyReport['epochs'] {
  return Object.fromEntries(Object.entries(epochs).filter(([slice]) => sliceOf(config, slice)));
}

/** A proxy with another config may observe other slices. */
export function holdBusy(busy: ProxyReport['busy'], config: FicusConfig): ProxyReport['busy'] {
  return busy && Object.fromEntries(Object.entries(busy).filter(([slice]) => sliceOf(config, slice)));
}

function sliceOf({ slices }: FicusConfig, name: string) {
  return Object.hasOwn(slices, name) ? slices[name] : undefined;
}

function withKnownReason(count: TrafficCount): TrafficCount {
  const isKnown = (REASONS as readonly string[]).includes(count.reason);
  return isKnown ? count : { ...count, reason: UNKNOWN_REASON };
}
