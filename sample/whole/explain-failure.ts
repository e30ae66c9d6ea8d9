/** Why the sample failed: one line on standard error, or with --json one document besides. */
import { describeError, type ErrorCode, FicusError } from '@ficus/core';
import { ProcessFailed } from '../processes/managed-process.ts';
import { PortUnusable } from './read-ports.ts';

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly exitStatus: number;
}

/** @param signal aborted when the work was stopped: what failed then, failed because of that */
export function describeFailure(error: unknown, signal?: AbortSignal): Failure {
  const { code, message, exitStatus } = classify(error, signal);
  const { exit, remedy } = describeError(code);
  return { code, message, remedy, exitStatus: exitStatus ?? exit };
}

/** Writes the failure and answers the exit status. */
export function reportFailure({ code, message, remedy, exitStatus }: Failure, json = false): number {
  if (code === 'FICUS_INTERRUPTED') console.error('stopped');
  else console.error(`error: ${message}${SAYS_WHAT_TO_DO.has(code) ? '' : ` ${remedy}`}`);
  if (json) {
    const problem = { code, message, remedy };
    process.stdout.write(`${JSON.stringify({ ok: false, checks: [], figures: {}, problem }, null, 2)}\n`);
  }
  return exitStatus;
}

/** Their own words name the option, the variable or the log already. */
const SAYS_WHAT_TO_DO = new Set<ErrorCode>(['FICUS_USAGE', 'FICUS_PORT_TAKEN', 'FICUS_SAMPLE_PART_FAILED']);

function classify(
  error: unknown,
  signal: AbortSignal | undefined,
): { readonly code: ErrorCode; readonly message: string; readonly exitStatus?: number } {
  if (signal?.aborted) return { code: 'FICUS_INTERRUPTED', message: 'Stopped before it was finished.' };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof FicusError) return { code: error.code, message };
  if (error instanceof PortUnusable)
    return { code: error.exitStatus === 2 ? 'FICUS_USAGE' : 'FICUS_PORT_TAKEN', message };
  if (error instanceof ProcessFailed)
    return { code: 'FICUS_SAMPLE_PART_FAILED', message, exitStatus: error.exitStatus };
  return { code: 'FICUS_SAMPLE_PART_FAILED', message };
}
