/** What follows from the failure of a session: try again soon, stand by, or stop until somebody has mended something. */
import { FicusError, type ReplicationProblem } from '@ficus/core';
import { FENCED } from '../apply/checkpoint.ts';

export type Failure =
  | { readonly kind: 'reconnect'; readonly problem: ReplicationProblem }
  | { readonly kind: 'standby' }
  | { readonly kind: 'restart' }
  /** Tried again from time to time all the same: mending needs no restart of ours. */
  | { readonly kind: 'stop'; readonly problem: ReplicationProblem };

/** Another process holds the stream. */
export class StreamTakenError extends Error {
  constructor() {
    super('another process holds the stream');
    this.name = 'StreamTakenError';
  }
}

/** Nothing is wrong; the stream has to begin anew from its checkpoint. */
export class RestartSession extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'RestartSession';
  }
}

const SLOT_IN_USE = '55006';
const SLOT_INVALID = '55000';
const PRIVILEGE = '42501';

export function classifyFailure(error: unknown): Failure {
  if (error instanceof RestartSession) return { kind: 'restart' };
  if (error instanceof FicusError) {
    const problem = { code: error.code, message: error.message, remedy: error.remedy };
    return error.code === 'FICUS_CDC_DATABASE_UNREACHABLE'
      ? { kind: 'reconnect', problem }
      : { kind: 'stop', problem };
  }
  const code = sqlState(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code === SLOT_IN_USE || error instanceof StreamTakenError) return { kind: 'standby' };
  if (code === FENCED) return stop('FICUS_CDC_FENCED', message);
  if (code === undefined && !isConnectionTrouble(error, message)) return stop('FICUS_INTERNAL', message);
  if (code === undefined || isTransient(code))
    return { kind: 'reconnect', problem: describe('FICUS_CDC_DATABASE_UNREACHABLE', message) };
  return stop('FICUS_CDC_APPLY_FAILED', message);
}

/** What the source said instead of going on with the stream: nothing of that is about the target. */
export function describeRefusal(code: string, message: string): Error {
  if (code === SLOT_INVALID) return new FicusError('FICUS_CDC_SLOT_LOST', `The source says: ${message}.`);
  if (code === PRIVILEGE) return new FicusError('FICUS_CDC_PRIVILEGE', `The source says: ${message}.`);
  if (code === SLOT_IN_USE || isTransient(code)) return Object.assign(new Error(message), { code });
  return new FicusError('FICUS_CDC_SOURCE_UNDECODABLE', `The source cannot go on: ${message}.`);
}

export function isSlotTaken(code: string | undefined): boolean {
  return code === SLOT_IN_USE;
}

/** Connection trouble, shutdowns, serialization, deadlocks, too many connections, lock timeouts. */
function isTransient(code: string): boolean {
  return /^(08|40|53|57|25P0[234])/.test(code) || code === '55P03' || code === '58000' || code === '58P01';
}

/** Errors of sockets carry a system code; those of `pg` only a sentence. */
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

function stop(
  code: 'FICUS_CDC_FENCED' | 'FICUS_CDC_APPLY_FAILED' | 'FICUS_INTERNAL',
  message: string,
): Failure {
  return { kind: 'stop', problem: describe(code, message) };
}

function describe(
  code: 'FICUS_CDC_FENCED' | 'FICUS_CDC_APPLY_FAILED' | 'FICUS_CDC_DATABASE_UNREACHABLE' | 'FICUS_INTERNAL',
  message: string,
): ReplicationProblem {
  return { code, message, remedy: new FicusError(code, message).remedy };
}
