/** The way of a slice through the demo: the flags of each stage, and for how long it is watched. */
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
  /** How long it is watched, in units of the demo's --seconds. */
  readonly weight: number;
  /** False for the way back: then users are meant to move. */
  readonly percentRises: boolean;
}

export const STAGES: readonly Stage[] = [
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
  {
    name: 'legacy again',
    says: 'and back: the monolith serves all users',
    shadowPercent: 0,
    servePercent: 0,
    weight: 0.5,
    percentRises: false,
  },
];
