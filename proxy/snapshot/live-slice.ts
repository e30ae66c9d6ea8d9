/** A slice of the config, prepared for requests. Built with its snapshot. */
import { flagName, type ProxyConfig, type SliceConfig } from '@ficus/core';
import { type WithheldCredentials, withheldCredentials } from '../ask/withheld-credentials.ts';
import { lastUserOf } from '../flags/flag-evaluator.ts';
import { wroteCookieOf } from '../pin/writes-elsewhere.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { LiveUpstream } from './live-upstream.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

export interface LiveSlice {
  readonly name: string;
  readonly config: SliceConfig;
  readonly hasTables: boolean;
  readonly serveFlag: string;
  readonly shadowFlag: string;
  readonly candidate: LiveUpstream;
  /** For copies to the candidate: separate connections, so that a hung one takes nothing from live requests. */
  readonly candidateCopies: Upstream;
  readonly withheld: WithheldCredentials;
  /** Name of the cookie that tells other proxies of a write; undefined where there is none. */
  readonly wroteCookie: string | undefined;
  /** User id for callers without any identity. */
  readonly lastUser: string;
  /** Counters of requests whose caller has no name. */
  readonly unidentified: Readonly<Record<'anonymous' | 'unknown', string>>;
}

/** @throws FicusError when a PEM file of the candidate cannot be read */
export function makeLiveSlice(
  name: string,
  config: SliceConfig,
  { identify, pinCookie }: Pick<ProxyConfig, 'identify' | 'pinCookie'>,
  registry: UpstreamRegistry,
  now: number,
): LiveSlice {
  const hasTables = config.tables.length > 0;
  const { serving, copies } = registry.candidate(name, config.candidate, now);
  return {
    name,
    config,
    hasTables,
    serveFlag: flagName(name, 'serve'),
    shadowFlag: flagName(name, 'shadow'),
    candidate: serving,
    candidateCopies: copies,
    withheld: withheldCredentials(identify, config.candidate),
    wroteCookie: hasTables && pinCookie !== false ? wroteCookieOf(pinCookie, name) : undefined,
    lastUser: lastUserOf(name),
    unidentified: {
      anonymous: unidentifiedSeries(name, 'anonymous'),
      unknown: unidentifiedSeries(name, 'unknown'),
    },
  };
}

function unidentifiedSeries(slice: string, why: string): string {
  return `ficus_unidentified_requests_total{slice="${slice}",why="${why}"}`;
}
