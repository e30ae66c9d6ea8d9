/** The new owner's sequences are set ahead of every key that the old one has given, or may give until the hold. */
import type { Refusal } from '../attempt.ts';
import type { ArmContext } from './arm-context.ts';

export async function checkSequences({ sides, note }: ArmContext): Promise<readonly Refusal[]> {
  const { ahead, findings, sequences } = await (await sides.sequenceReport()).setAhead();
  for (const { severity, message } of findings) if (severity === 'warning') note(message);
  const errors = findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  if (ahead && errors.length === 0) return [];
  const behind = sequences.filter((state) => !state.ahead).map(({ sequence }) => sequence);
  const messages =
    errors.length > 0 ? errors : [`These sequences cannot be set ahead: ${behind.join(', ')}.`];
  return messages.map((message) => ({ code: 'FICUS_CUTOVER_SEQUENCES', message }));
}
