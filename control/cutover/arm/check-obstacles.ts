/** What the catalogs of both databases say against it: cdc's findings. */
import type { ErrorCode } from '@ficus/core';
import type { Refusal } from '../attempt.ts';
import type { ArmContext } from './arm-context.ts';

const OF_WAY_BACK: ReadonlySet<ErrorCode> = new Set(['FICUS_ARM_CONSTRAINT', 'FICUS_ARM_PUBLICATION']);

export async function checkObstacles({
  attempt,
  engine,
  places,
  note,
}: ArmContext): Promise<readonly Refusal[]> {
  const { operation, noWayBack } = attempt;
  const findings = await engine.findObstacles({ ...places, operation });
  // They concern the stream back alone, which is not made.
  const relevant = findings.filter(({ code }) => !(noWayBack && OF_WAY_BACK.has(code)));
  for (const { severity, message } of relevant) if (severity === 'warning') note(message);
  return relevant
    .filter(({ severity }) => severity === 'error')
    .map(({ message }) => ({ code: 'FICUS_CUTOVER_OBSTACLE', message }));
}
