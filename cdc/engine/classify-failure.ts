/** Decides what a session's failure leads to: retry soon, stand by, or stop until someone fixes the cause. */
import { describeError, type ErrorCode, FicusError, type ReplicationProblem, refusalText } from '@ficus/core';
import { FENCED } from '../apply/checkpoint.ts';

export type Failure =
  | { readonly kind: 'reconnect'; readonly problem: ReplicationProblem }
  | { readonly kind: 'standby' }
  | { readonly kind: 'restart' }
  /** `retried` from time to time, unless the error says never: a fix needs no restart of Ficus. */
  | { readonly kind: 'stop'; readonly problem: ReplicationProblem; readonly retried: boolean };

/** Another process holds the stream. */
export class StreamTakenError extends Error {
  constructor() {
    super('another process holds the stream');
    this.name = 'StreamTakenError';
  }
}

/** Not a failure: the stream has to begin again from its checkpoint. */
export class RestartSession extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'RestartSession';
  }
}

/** How `pg` fails a query on a connection that otherwise works. */
const UNANSWERED = 'Query read timeout';
const SLOT_IN_USE = '55006';
const SLOT_INVALID = '55000';
const PRIVILEGE = '42501';
/** The session's transactions are read-only: by a setting, or on a standby. */
const READ_ONLY = '25006';
/** Raised by a fence of another epoch (cdc/fence): the stream continues once its own has been raised. */
const HELD = 'FI001';

export function classifyFailure(error: unknown): Failure {
  if (error instanceof RestartSession) return { kind: 'restart' };
  if (error instanceof FicusError) {
    return error.code === 'FICUS_DATABASE_UNREACHABLE'
      ? reconnect(error.code, error.message)
      : stop(error.code, error.message);
  }
  const code = sqlState(error);
  const message = refusalText(error);
  if (message === UNANSWERED) return reconnect('FICUS_CDC_INTERRUPTED', 'A query was not answered in time.');
  if (code === SLOT_IN_USE || error instanceof StreamTakenError) return { kind: 'standby' };
  if (code === undefined)
    return isConnectionTrouble(error, message)
      ? reconnect('FICUS_DATABASE_UNREACHABLE', message)
      : stop('FICUS_INTERNAL', message);
  if (code === HELD) return reconnect('FICUS_CDC_HELD', message);
  if (code === FENCED) return stop('FICUS_CDC_FENCED', message);
  if (isDown(code)) return reconnect('FICUS_DATABASE_UNREACHABLE', message);
  if (isTransient(code)) return reconnect('FICUS_CDC_INTERRUPTED', message);
  if (code === READ_ONLY) return stop('FICUS_CDC_READ_ONLY', message);
  return stop(code === PRIVILEGE ? 'FICUS_CDC_PRIVILEGE' : 'FICUS_CDC_STATEMENT_REFUSED', message);
}

/** An error that the source sent instead of the stream; it does not concern the target. */
export function describeRefusal(code: string, message: string): Error {
  if (code === SLOT_INVALID) return new FicusError('FICUS_CDC_SLOT_LOST', `The source reported: ${message}.`);
  if (code === PRIVILEGE) return new FicusError('FICUS_CDC_PRIVILEGE', `The source reported: ${message}.`);
  if (code === SLOT_IN_USE || isTransient(code)) return Object.assign(new Error(message), { code });
  return new FicusError('FICUS_CDC_SOURCE_UNDECODABLE', `The source cannot continue: ${message}.`);
}

export function isSlotTaken(code: string | undefined): boolean {
  return code === SLOT_IN_USE;
}

/** Connection trouble, shutdowns, servers that are starting. */
function isDown(code: string): boolean {
  return /^(08|57P)/.test(code);
}

/** Transient: besides these, serialization failures, deadlocks, too many connections, timeouts, files. */
function isTransient(code: string): boolean {
  return isDown(code) || /^(40|53|57|25P0[234])/.test(code) || ['55P03', '58000', '58P01'].includes(code);
}

/** Socket errors carry a system code; those of `pg` only a message. */
function isConnectionTrouble(error: unknown, message: string): boolean {
  if (error instanceof AggregateError) return true;
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return true;
  return /connection|not queryable|was closed|timeout|silent/i.test(message);
}

function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function reconnect(code: ErrorCode, message: string): Failure {
  return { kind: 'reconnect', problem: describe(code, message) };
}

function stop(code: ErrorCode, message: string): Failure {
  return { kind: 'stop', problem: describe(code, message), retried: describeError(code).retry !== 'never' };
}

function describe(code: ErrorCode, message: string): ReplicationProblem {
  return { code, message, remedy: describeError(code).remedy };
}
