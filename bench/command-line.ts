/** What the command lines of both benchmarks share. */
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';

/** Its message is a sentence for the user. */
export class UsageError extends Error {}

/** Prints why a benchmark ended, and answers its exit status: 2 used wrongly, 3 could not be carried out. */
export function reportFailure(error: unknown): number {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(message);
  return error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') ? 2 : 3;
}

/**
 * Another checkout of this repository.
 * @param workspace of it that is measured: one that is linked elsewhere would be compared with itself
 * @throws UsageError
 */
export function readCheckout(folder: string, workspace: string): string {
  const checkout = resolve(folder);
  const linked = join(checkout, 'node_modules', '@ficus', workspace);
  if (!existsSync(linked))
    throw new UsageError(
      `--before must name a checkout of this repository in which npm ci has run: no ${linked}`,
    );
  if (!realpathSync(linked).startsWith(realpathSync(checkout) + sep))
    throw new UsageError(`${linked} belongs to another checkout: run npm ci in ${checkout}`);
  return checkout;
}
