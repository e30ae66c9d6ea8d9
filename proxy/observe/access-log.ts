/**
 * Step 7, observe: one log line per served request, sampled, and always for one that failed. No cookies, no query, no
 * user: lines contain no personal data and can be kept.
 */
import type { Logger } from 'pino';
import type { Outcome } from '../wire/outcome.ts';

export interface AccessLine {
  readonly requestId: string;
  readonly traceId: string;
  readonly method: string;
  /** Canonical path, without query. */
  readonly path: string;
  readonly slice: string | undefined;
  readonly route: string | undefined;
  readonly side: string;
  readonly reason: string;
  readonly attempts: number;
  readonly durationMs: number;
}

/** Whether a successful request is logged. */
export function isSampled(sample: number, random: () => number = Math.random): boolean {
  return sample >= 1 || (sample > 0 && random() < sample);
}

export function logServed(logger: Logger, line: AccessLine, outcome: Outcome): void {
  const { status, requestBodyBytes, responseBodyBytes, reused } = outcome;
  logger.info({ ...line, status, requestBodyBytes, responseBodyBytes, reused }, 'request');
}

export function logFailed(logger: Logger, line: AccessLine, outcome: Outcome): void {
  if (outcome.kind !== 'failed') {
    logger.warn({ ...line, status: outcome.status }, 'request failed');
    return;
  }
  const { side: failedSide, phase, cause, detail, status, responseStarted } = outcome;
  const facts = { ...line, status, failedSide, phase, cause, detail, responseStarted };
  // Clients disconnect all the time: that is logged as info, not as a warning.
  if (failedSide === 'client') logger.info(facts, 'client disconnected before the answer was complete');
  else logger.warn(facts, 'request failed');
}
