/** Of both streams: afterwards no process with an old epoch can apply anything, in either direction. */
import type { Work } from '../work.ts';

export async function raiseEpochs({ sides, row }: Pick<Work, 'sides' | 'row'>): Promise<void> {
  await Promise.all([sides.stream.raiseEpoch(row.epoch), sides.back.raiseEpoch(row.epoch)]);
}
