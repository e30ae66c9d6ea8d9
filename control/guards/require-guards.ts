/** What happens when a guard does not pass: the step is refused, or done, which the audit and the answer say. */
import { FicusError, type NamedGuardAnswer } from '@ficus/core';

/**
 * Returns the guards that were overridden; none when all passed.
 * @throws FicusError FICUS_GUARD_REFUSED with every answer in `details.guards`, unless forced
 */
export function requireGuards(
  slice: string,
  answers: readonly NamedGuardAnswer[],
  force: boolean,
): readonly NamedGuardAnswer[] {
  const refusing = answers.filter(({ answer }) => answer !== 'pass');
  if (refusing.length === 0 || force) return refusing;
  throw new FicusError('FICUS_GUARD_REFUSED', `${slice} is held back by its guards. ${describe(refusing)}`, {
    details: { guards: answers },
  });
}

/** For the audit; empty when none was overridden. */
export const noteOverridden = (overridden: readonly NamedGuardAnswer[]): string =>
  overridden.length === 0 ? '' : `(forced past ${describe(overridden)})`;

const describe = (guards: readonly NamedGuardAnswer[]): string =>
  guards.map(({ guard, answer, text }) => `${guard}: ${answer}. ${text}`).join(' ');
