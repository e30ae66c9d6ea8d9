/** What the command lines of both benchmarks share. */
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { Report } from './report.ts';

const ROOT = join(import.meta.dirname, '..');

/**
 * Exit status of a benchmark that ran and missed a bound. Node gives itself 1 to 14 (an import that fails, or a
 * rejection that nothing handles, exits with 1): those must not pass for a missed bound.
 */
export const BOUND_MISSED = 20;
/** Of one that ran and found wrong answers: writes lost or made twice, stale reads. */
export const WRONG_ANSWERS = 1;

export function exitStatus({ ok, checks }: Report): number {
  if (checks.some(({ isWrong }) => isWrong)) return WRONG_ANSWERS;
  return ok ? 0 : BOUND_MISSED;
}

/** Its message is a sentence for the user. */
export class UsageError extends Error {}

/** Prints why a benchmark ended, and answers its exit status: 2 used wrongly, 3 could not be carried out. */
export function reportFailure(error: unknown): number {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(message);
  return error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') ? 2 : 3;
}

/** A whole number above 0. @throws UsageError */
export function readCount(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`${option} must be a whole number above 0`);
  return value;
}

/** Names out of a list, separated by commas; all of them by default. @throws UsageError */
export function readChoice<T extends string>(
  what: string,
  all: readonly T[],
  text: string | undefined,
): readonly T[] {
  if (text === undefined) return all;
  return text.split(',').map((part) => {
    const found = all.find((name) => name === part.trim());
    if (found === undefined) throw new UsageError(`no ${what} ${part}; choose from ${all.join(', ')}`);
    return found;
  });
}

/**
 * Another checkout of this repository.
 * @param workspace of it that is measured: one that is linked elsewhere would be compared with itself, and so would
 *   this checkout
 * @throws UsageError
 */
export function readCheckout(folder: string, workspace: string): string {
  const checkout = resolve(folder);
  const linked = join(checkout, 'node_modules', '@ficus', workspace);
  if (!existsSync(linked))
    throw new UsageError(
      `--before must name a checkout of this repository in which npm ci has run: no ${linked}`,
    );
  if (realpathSync(checkout) === realpathSync(ROOT))
    throw new UsageError(`--before must name another checkout: ${checkout} is the one that is measured`);
  if (!realpathSync(linked).startsWith(realpathSync(checkout) + sep))
    throw new UsageError(`${linked} belongs to another checkout: run npm ci in ${checkout}`);
  return checkout;
}
