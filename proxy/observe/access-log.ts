/**
 * Step 7, observe: one log line per served request, sampled, and always for one that failed. No cookies, no query, no
 * user: lines contain no personal data and can be kept.
 */
import type { Logger } from 'pino';
import { turnEpoch } from '../clock/turn-clock.ts';
import type { Outcome } from '../wire/outcome.ts';
import { lineParts } from './create-logger.ts';

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

export type LogServed = (line: AccessLine, outcome: Outcome) => void;

/**
 * Of a logger of `createLogger`, the line is put together here, as pino would write it: going over an object's fields
 * for each request would cost a tenth of the request.
 */
export function openAccessLog(logger: Logger): LogServed {
  const parts = lineParts.get(logger);
  if (parts === undefined) return (line, outcome) => logger.info({ ...line, ...facts(outcome) }, MESSAGE);
  const { write, bindings } = parts;
  return (line, outcome) => {
    if (logger.isLevelEnabled('info')) write(servedLine(line, outcome, bindings));
  };
}

const MESSAGE = 'request';
const INFO = 30;

function facts({ status, requestBodyBytes, responseBodyBytes, reused }: Outcome) {
  return { status, requestBodyBytes, responseBodyBytes, reused };
}

function servedLine(line: AccessLine, outcome: Outcome, bindings: string): string {
  const { requestId, traceId, method, path, slice, route, side, reason, attempts, durationMs } = line;
  const { status, requestBodyBytes, responseBodyBytes, reused } = outcome;
  const routed = slice === undefined ? '' : `,"slice":${quote(slice)},"route":${quote(route!)}`;
  return `{"level":${INFO},"time":"${turnIso()}"${bindings},"requestId":${quote(requestId)},"traceId":"${traceId}","method":${quote(method)},"path":${quote(path)}${routed},"side":"${side}","reason":"${reason}","attempts":${attempts},"durationMs":${durationMs},"status":${status},"requestBodyBytes":${requestBodyBytes},"responseBodyBytes":${responseBodyBytes},"reused":${reused},"msg":"${MESSAGE}"}\n`;
}

/** Anything that JSON escapes, or that is not ASCII: a text without it needs quotes only. */
const NOT_PLAIN = /[^ !#-[\]-~]/;

/** As JSON.stringify does; one call of that for each field would be a third of the line's cost. */
function quote(text: string): string {
  return NOT_PLAIN.test(text) ? JSON.stringify(text) : `"${text}"`;
}

let isoOf = Number.NaN;
let iso = '';

function turnIso(): string {
  const now = turnEpoch();
  if (now !== isoOf) {
    isoOf = now;
    iso = new Date(now).toISOString();
  }
  return iso;
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
