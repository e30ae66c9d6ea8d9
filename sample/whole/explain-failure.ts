/** Why the sample failed: one line on standard error, and with --json also one document. */
import { describeError, type ErrorCode, FicusError } from '@ficus/core';
import { ProcessFailed } from '../processes/managed-process.ts';
import { PortUnusable } from './read-ports.ts';

/** What fails only in the sample, besides the codes of Ficus. */
const SAMPLE_FAILURES = {
  SAMPLE_INTERRUPTED: { exit: 3, remedy: 'Run it again.' },
  SAMPLE_PART_FAILED: {
    exit: 3,
    remedy:
      'Fix what the message names; `npm run demo -- --keep` keeps the logs of all parts in the folder .ficus.',
  },
} as const;

type FailureCode = ErrorCode | keyof typeof SAMPLE_FAILURES;

export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly remedy: string;
  readonly exitStatus: number;
}

/** @param signal aborted when the work was stopped: failures after that are its consequence */
export function describeFailure(error: unknown, signal?: AbortSignal): Failure {
  const { code, message, exitStatus } = classify(error, signal);
  const { exit, remedy } = isSampleFailure(code) ? SAMPLE_FAILURES[code] : describeError(code);
  return { code, message, remedy, exitStatus: exitStatus ?? exit };
}

const isSampleFailure = (code: FailureCode): code is keyof typeof SAMPLE_FAILURES => code in SAMPLE_FAILURES;

/** Writes the failure and answers the exit status. */
export function reportFailure({ code, message, remedy, exitStatus }: Failure, json = false): number {
  if (code === 'SAMPLE_INTERRUPTED') console.error('stopped');
  else console.error(`error: ${message}${SAYS_WHAT_TO_DO.has(code) ? '' : ` ${remedy}`}`);
  if (json) {
    const problem = { code, message, remedy };
    process.stdout.write(`${JSON.stringify({ ok: false, checks: [], figures: {}, problem }, null, 2)}\n`);
  }
  return exitStatus;
}

/** Their own words name the option, the variable or the log already. */
const SAYS_WHAT_TO_DO = new Set<FailureCode>(['FICUS_USAGE', 'FICUS_PORT_TAKEN', 'SAMPLE_PART_FAILED']);

function classify(
  error: unknown,
  signal: AbortSignal | undefined,
): { readonly code: FailureCode; readonly message: string; readonly exitStatus?: number } {
  if (signal?.aborted) return { code: 'SAMPLE_INTERRUPTED', message: 'Stopped before it was finished.' };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof FicusError) return { code: error.code, message };
  if (error instanceof PortUnusable)
    return { code: error.exitStatus === 2 ? 'FICUS_USAGE' : 'FICUS_PORT_TAKEN', message };
  if (error instanceof ProcessFailed)
    return { code: 'SAMPLE_PART_FAILED', message, exitStatus: error.exitStatus };
  return { code: 'SAMPLE_PART_FAILED', message };
}
