/** Requests outside the slice that write its tables go to the legacy afterwards as well, whose fence would refuse them. */
import type { Refusal } from '../attempt.ts';
import type { ArmContext } from './arm-context.ts';

export async function checkWrittenBy({ attempt, config }: ArmContext): Promise<readonly Refusal[]> {
  if (attempt.operation === 'rollback' || config.writtenBy.length === 0) return [];
  const requests = config.writtenBy.map(({ methods, path }) => `${methods?.join('|') ?? 'ANY'} ${path}`);
  return [
    {
      code: 'FICUS_CUTOVER_WRITTEN_BY',
      message: `The legacy writes the tables of ${attempt.slice} for ${requests.join(', ')}.`,
    },
  ];
}
