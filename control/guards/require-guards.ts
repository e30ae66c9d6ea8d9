/** What happens when a guard does not pass: the step is refused, or done with a note in the audit. */
import { FicusError, type NamedGuardAnswer } from '@ficus/core';

/**
 * Returns the audit's note on guards that were overridden; empty when all passed.
 * @throws FicusError FICUS_GUARD_REFUSED with every answer in `details.guards`, unless forced
 */
export function requireGuards(slice: string, answers: readonly NamedGuardAnswer[], force: boolean): string {
  const refusing = answers.filter(({ answer }) => answer !== 'pass');
  if (refusing.length === 0) return '';
  const said = refusing.map(({ guard, answer, text }) => `${guard}: ${answer}. ${text}`).join(' ');
  if (force) return `(forced past ${said})`;
  throw new FicusError('FICUS_GUARD_REFUSED', `${slice} is held back by its guards. ${said}`, {
    details: { guards: answers },
  });
}
