/** A slice of the config, prepared for requests. Built with its snapshot. */
import { flagName, type SliceConfig } from '@ficus/core';
import { lastUserOf } from '../flags/flag-evaluator.ts';
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
  readonly candidateCopies: LiveUpstream;
  /** User id for callers without any identity. */
  readonly lastUser: string;
}

/** @throws FicusError when a PEM file of the candidate cannot be read */
export function makeLiveSlice(
  name: string,
  config: SliceConfig,
  registry: UpstreamRegistry,
  now: number,
): LiveSlice {
  return {
    name,
    config,
    hasTables: config.tables.length > 0,
    serveFlag: flagName(name, 'serve'),
    shadowFlag: flagName(name, 'shadow'),
    candidate: registry.get(name, 'candidate', config.candidate, now),
    candidateCopies: registry.get(`${name}-copies`, 'candidate', config.candidate, now),
    lastUser: lastUserOf(name),
  };
}
