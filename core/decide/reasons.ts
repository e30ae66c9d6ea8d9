/**
 * Why a side serves: sent as `x-ficus-reason`, counted, logged. The type follows from the table, so that a new reason
 * compiles only with its meaning; counters give each a cell, and docs/reasons.md a line.
 */
import { type Word, wordsOf } from '../words/word.ts';

interface ReasonWord extends Word {
  /** Whether the serve flag decides such requests: its share is measured over these. */
  readonly underFlag: boolean;
}

export const reasons = {
  'no-route': {
    means: 'No route matches; the legacy serves, untouched.',
    action:
      'If a route should match, `ficus explain METHOD URL` shows which one comes near, and what it lacks.',
    underFlag: false,
  },
  'owner-writes': {
    means: 'A write of a slice with tables goes to their owner.',
    action: 'This is as it should be: the serve flag moves reads, and writes follow with the cutover.',
    underFlag: false,
  },
  preflight: {
    means:
      'A CORS preflight goes to the side of the request that it announces: the owner’s for writes, else the legacy below 100 %.',
    action: 'Ask about the request that follows it: browsers send a preflight without the user.',
    underFlag: false,
  },
  forced: {
    means: 'A tester’s `x-ficus-force` chose the side.',
    action:
      'If the tester is not yours, change `proxy.force.secret` and check `proxy.force.trustedNetworks`.',
    underFlag: false,
  },
  'caller-unknown': {
    means:
      'The caller has credentials, but whose they are could not be found out: introspection was slow, failed, or was at its bound, the issuer’s keys were away, or the request carries the header several times that names the caller, Authorization for instance (a gateway adds its own beside the client’s, and servers differ in which one counts). The legacy serves, which knows its callers.',
    action:
      'See `ficus_introspections_total` by outcome, and the log for keys that cannot be fetched; `ficus check --live` asks the introspection once.',
    underFlag: true,
  },
  pinned: {
    means: 'The user has just written; the owner serves until the stream has applied the write.',
    action: 'If this share stays high, check the stream’s lag in `ficus status SLICE`.',
    underFlag: true,
  },
  'copy-incomplete': {
    means:
      'The flag chose a side whose tables are not completely copied; the owner serves, which has all rows.',
    action: '`ficus status SLICE` shows how far the copy is; the flag counts by itself when it is complete.',
    underFlag: true,
  },
  'stream-stopped': {
    means:
      'The flag chose a side whose change stream has stopped, so that its data grows old; the owner serves, which has all rows.',
    action:
      '`ficus status SLICE` says why the stream stopped and what to do; the flag counts by itself when it runs again.',
    underFlag: true,
  },
  'breaker-open': {
    means: 'The flag chose the candidate, but its circuit breaker is open; the legacy serves.',
    action: 'See the candidate’s failures in the log; the breaker closes by itself when a probe succeeds.',
    underFlag: true,
  },
  'candidate-unhealthy': {
    means: 'The flag chose the candidate, but it fails its health checks; the legacy serves.',
    action:
      'See the log, or /readyz of the proxy, for what the checks get; `ficus check --live` asks once. The candidate serves again by itself when they pass.',
    underFlag: true,
  },
  'fell-back': {
    means: 'The candidate did not answer a read; the request went to the legacy instead.',
    action: 'See the candidate’s failures in the log; each is counted as a failure of the candidate.',
    underFlag: true,
  },
  'serve-flag-on': {
    means: 'The serve flag chose the candidate for this user.',
    action: '',
    underFlag: true,
  },
  'serve-flag-off': {
    means: 'The serve flag chose the legacy for this user.',
    action:
      '`ficus explain METHOD URL --as USER` says which part of the flag decided; `ficus serve SLICE PERCENT` raises the share.',
    underFlag: true,
  },
} as const satisfies Record<string, ReasonWord>;

export type Reason = keyof typeof reasons;

export const REASONS = wordsOf<Reason>(reasons);

/** @param reason as a proxy reported it, which may be of another version */
export function isUnderFlag(reason: string): boolean {
  return !Object.hasOwn(reasons, reason) || reasons[reason as Reason].underFlag;
}
