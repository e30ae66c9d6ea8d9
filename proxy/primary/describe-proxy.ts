/** Puts together what /status of the admin address says. */
import { hostname } from 'node:os';
import {
  type ClientFeatures,
  type FicusConfig,
  flagName,
  flagPercent,
  hideCredentials,
  INITIAL_SLICE_STATE,
  type ProxyAttemptStatus,
  type ProxySliceStatus,
  type ProxyStatus,
  type RecentSliceTraffic,
} from '@ficus/core';
import type { PinCount } from '../pin/pin-ledger.ts';
import { openBreakers } from '../snapshot/upstream-gauges.ts';
import type { SliceStates } from './control-state.ts';

interface ProxyFacts extends Omit<ProxyStatus, 'slices' | 'flags'> {
  readonly running: FicusConfig;
  readonly flagSet: ClientFeatures | undefined;
  readonly flagsReceivedAt: string | null;
  readonly flagsLastKnown: boolean;
  readonly flagsProblem: string | undefined;
  readonly states: SliceStates;
  readonly attemptOf: (slice: string) => ProxyAttemptStatus | null;
  readonly pins: readonly PinCount[];
  readonly gauges: Readonly<Record<string, number>>;
  readonly traffic: (slice: string) => RecentSliceTraffic;
}

/** What people know a proxy by: its machine, and the address that it listens at. */
export const nameOf = (address: string): string => `${hostname()}, ${address}`;

export function describeProxy(facts: ProxyFacts): ProxyStatus {
  const { version, startedAt, address, config, workers, control, upstreams, running } = facts;
  return {
    ...{ version, startedAt, address, config, workers, control, upstreams },
    flags: {
      provider: running.flags.provider,
      source: sourceOf(facts),
      receivedAt: facts.flagsReceivedAt,
      lastKnown: facts.flagsLastKnown,
      problem: facts.flagsProblem ?? null,
    },
    slices: Object.keys(running.slices).map((name) => describeSlice(name, facts)),
  };
}

function sourceOf({ running: { flags }, control }: ProxyFacts): string {
  switch (flags.provider) {
    case 'file':
      return flags.file ?? '';
    case 'unleash':
      return hideCredentials(flags.unleash?.url ?? '');
    case 'builtin':
      return control?.url ?? '';
  }
}

function describeSlice(name: string, facts: ProxyFacts): ProxySliceStatus {
  const { team, routes, tables } = facts.running.slices[name]!;
  const { owner, epoch } = facts.states[name] ?? INITIAL_SLICE_STATE;
  return {
    ...{ name, team: team ?? null, owner: tables.length > 0 ? owner : null, epoch },
    attempt: facts.attemptOf(name),
    serve: percentOf(facts.flagSet, flagName(name, 'serve')),
    shadow: percentOf(facts.flagSet, flagName(name, 'shadow')),
    routes: routes.map(({ id, methods, path, kind }) => ({ id, methods, path, kind })),
    traffic: facts.traffic(name),
    breakersOpen: openBreakers(facts.gauges, [name])[name] ?? 0,
    pins: facts.pins.filter(({ slice }) => slice === name).length,
  };
}

function percentOf(set: ClientFeatures | undefined, flag: string): number | null {
  if (set === undefined) return null;
  return flagPercent(set.features.find((feature) => feature.name === flag)) ?? null;
}
