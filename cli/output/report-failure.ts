/** The one place that prints errors to users: one sentence, what to do, the code; never a stack trace. */
import {
  describeError,
  FicusError,
  hideCredentials,
  nameSliceIn,
  printable,
  printableLines,
} from '@ficus/core';
import { ConfigInvalid } from '../config/config-invalid.ts';
import { PreflightFailed } from '../preflight/preflight-failed.ts';
import { formatFinding } from './format-finding.ts';
import { paint } from './paint.ts';
import { printError, printJson } from './terminal.ts';

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly exit: number;
  readonly problems?: readonly string[];
  /** Each guard's answer, when a guard refused the step. */
  readonly guards?: unknown;
}

interface ReportOptions {
  readonly json: boolean;
  /** That the command was about. */
  readonly slice?: string | undefined;
}

/** Writes the failure and returns the exit status. */
export function reportFailure(error: unknown, { json, slice }: ReportOptions): number {
  if (error instanceof PreflightFailed) return reportPreflight(error, json);
  const failure = nameSliceIn(describeFailure(error), slice);
  if (json) {
    const { exit, ...document } = failure;
    printJson({ ok: false, error: document });
  } else {
    for (const problem of failure.problems ?? [])
      printError(`${paint('red', '✗', process.stderr)} ${printable(problem)}\n`);
    printError(`${paint('red', 'error', process.stderr)}: ${printable(failure.message)}\n`);
    printError(`  ${failure.remedy} ${paint('dim', `(${failure.code})`, process.stderr)}\n`);
  }
  if (process.env.FICUS_LOG_LEVEL === 'debug' && error instanceof Error)
    printError(`${printableLines(hideCredentials(error.stack ?? ''))}\n`);
  return failure.exit;
}

function reportPreflight({ message, findings }: PreflightFailed, json: boolean): number {
  if (json) printJson({ ok: false, findings });
  else {
    for (const finding of findings) printError(`${formatFinding(finding)}\n`);
    printError(`${paint('red', 'error', process.stderr)}: ${message}\n`);
  }
  return Math.max(...findings.map((finding) => describeError(finding.code).exit));
}

function describeFailure(error: unknown): Failure {
  if (error instanceof ConfigInvalid) {
    const { exit, remedy } = describeError('FICUS_CONFIG_INVALID');
    return { code: 'FICUS_CONFIG_INVALID', message: error.message, remedy, exit, problems: error.problems };
  }
  const known = error instanceof FicusError ? error : unforeseen(error);
  const { exit, remedy } = describeError(known.code);
  const { guards } = known.details;
  return { code: known.code, message: known.message, remedy, exit, ...(guards !== undefined && { guards }) };
}

function unforeseen(error: unknown): FicusError {
  const message = hideCredentials(error instanceof Error ? error.message : String(error));
  return new FicusError('FICUS_INTERNAL', message || 'no message', { cause: error });
}
