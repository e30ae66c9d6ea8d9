/** Every writer of the slice's tables is explained. Of a way back it is not asked: the fence that it lifts named them before. */
import type { Refusal } from '../attempt.ts';
import type { ArmContext } from './arm-context.ts';

export async function checkWriters({ attempt, writers, note }: ArmContext): Promise<readonly Refusal[]> {
  if (attempt.operation === 'rollback') return [];
  const verdict = await writers();
  if (!verdict) note('Writers of the tables are not observed.');
  if (!verdict || verdict.answer === 'pass') return [];
  const code =
    verdict.answer === 'fail' ? 'FICUS_CUTOVER_WRITER_UNEXPLAINED' : 'FICUS_CUTOVER_WRITERS_UNKNOWN';
  const reasons = verdict.reasons.length > 0 ? verdict.reasons : [verdict.text];
  return reasons.map((message) => ({ code, message }));
}
