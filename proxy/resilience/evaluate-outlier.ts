/**
 * Whether one address among several of an upstream is so unhealthy that it is ejected for a while. Pure. The terms are
 * Envoy's (outlier detection): failures in a row; failures far above those of its siblings; a bound on how many may be
 * out at once, because using fewer addresses does not help an upstream that is unhealthy as a whole.
 */
export interface OutlierOptions {
  /** Failures in a row that cause an ejection. */
  readonly failures: number;
  /** How far the share of failures may lie above the siblings', 0 to 1. */
  readonly rate: number;
  /** Requests, of the address and of its siblings, below which shares mean nothing. */
  readonly minRequests: number;
  readonly ejectMs: number;
  readonly maxEjectMs: number;
  /** Share of the addresses that may be out at once; at least one when above 0, and never all. */
  readonly maxShare: number;
}

export interface Tally {
  readonly requests: number;
  readonly failures: number;
}

export interface OutlierFacts {
  readonly failuresInARow: number;
  /** Whether the last failure was an answer, with a bad status. */
  readonly answeredBadly: boolean;
  /** Whether another address has not failed recently. */
  readonly hasHealthySibling: boolean;
  readonly own: Tally;
  /** All other addresses that are in. */
  readonly siblings: Tally;
  readonly addresses: number;
  /** Those already ejected. */
  readonly out: number;
}

export type OutlierVerdict = 'keep' | 'failures-in-a-row' | 'failure-rate';

export function evaluateOutlier(facts: OutlierFacts, options: OutlierOptions): OutlierVerdict {
  if (facts.out >= mostOut(facts.addresses, options.maxShare)) return 'keep';
  // When all answer badly, the requests or their number are the cause: fewer addresses would make it worse.
  const itsOwn = facts.hasHealthySibling || !facts.answeredBadly;
  if (facts.failuresInARow >= options.failures && itsOwn) return 'failures-in-a-row';
  const { own, siblings } = facts;
  if (own.requests < options.minRequests || siblings.requests < options.minRequests) return 'keep';
  return share(own) - share(siblings) >= options.rate ? 'failure-rate' : 'keep';
}

/** How many of `addresses` may be out at once. */
export function mostOut(addresses: number, maxShare: number): number {
  if (maxShare === 0) return 0;
  return Math.min(addresses - 1, Math.max(1, Math.floor(addresses * maxShare)));
}

/** How long an address is out for the n-th time in a row: doubled each time, up to the bound. */
export function ejectionMs(times: number, { ejectMs, maxEjectMs }: OutlierOptions): number {
  return Math.min(ejectMs * 2 ** Math.min(times - 1, 30), Math.max(ejectMs, maxEjectMs));
}

function share({ requests, failures }: Tally): number {
  return failures / requests;
}
