/** The way of a slice through the demo: the flags of each stage, and for how long it is watched. */
import type { Mix } from '../load/mix.ts';

export interface Stage {
  readonly name: string;
  readonly says: string;
  readonly shadowPercent: number;
  /**
   * Initial share of the shadow: a service that has just started is slow until its code is compiled and its caches are
   * full.
   */
  readonly firstShadowPercent?: number;
  readonly servePercent: number;
  /** The flags are as the stage before left them, and may not be set any more. */
  readonly keepsFlags?: true;
  /** By default `everyday`. */
  readonly mix?: Mix;
  /** How long it is watched, in units of the demo's --seconds. */
  readonly weight: number;
  /** False for the way back: then users are meant to move. */
  readonly percentRises: boolean;
}

/** The reads move. */
export const READ_STAGES: readonly Stage[] = [
  {
    name: 'legacy',
    says: 'the monolith serves all users',
    shadowPercent: 0,
    servePercent: 0,
    weight: 0.5,
    percentRises: true,
  },
  {
    name: 'shadow',
    says: 'every read is copied to the service, and the answers are compared',
    firstShadowPercent: 20,
    shadowPercent: 100,
    servePercent: 0,
    weight: 1,
    percentRises: true,
  },
  {
    name: 'canary',
    says: 'a quarter of the users is served by the service',
    shadowPercent: 100,
    servePercent: 25,
    weight: 1,
    percentRises: true,
  },
  {
    name: 'live',
    says: 'all reads are served by the service',
    shadowPercent: 100,
    servePercent: 100,
    weight: 1,
    percentRises: true,
  },
];

/** After the cutover of writes. */
export const CUTOVER_STAGE: Stage = {
  name: 'cutover',
  says: 'the service answers all reads and takes all writes',
  shadowPercent: 0,
  servePercent: 100,
  mix: 'writing',
  weight: 0.5,
  percentRises: true,
};

/** After the rollback. */
export const LEGACY_STAGE: Stage = {
  name: 'legacy again',
  says: 'and the reads go back: the monolith serves all users',
  shadowPercent: 0,
  servePercent: 0,
  weight: 0.5,
  percentRises: false,
};

export const RETIRED_STAGE: Stage = {
  name: 'retired',
  says: 'the service continues alone',
  shadowPercent: 0,
  servePercent: 100,
  keepsFlags: true,
  mix: 'writing',
  weight: 0.5,
  percentRises: true,
};
