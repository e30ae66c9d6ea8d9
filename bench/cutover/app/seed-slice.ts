/** The rows of a run: the sample's, as many as it may need, all of them unread. Called by each subject. */
import { seed } from '@ficus-sample/legacy-monolith';
import type pg from 'pg';

/** The sample's seed has so many notifications at scale 1. */
const SEEDED_AT_SCALE_1 = 500_000;
const LEAST_SCALE = 0.02;

export interface Seeded {
  readonly customers: number;
  /** Highest id of a notification of the seed. */
  readonly lastSeeded: number;
}

/** @param marks how many unread notifications the run may need: each can be marked once */
export async function seedSlice(database: pg.Client, url: string, marks: number): Promise<Seeded> {
  const scale = Math.max(LEAST_SCALE, marks / SEEDED_AT_SCALE_1);
  const { customers, notifications } = await seed(url, { scale });
  await database.query('UPDATE notifications SET is_read = false, read_date = NULL WHERE is_read');
  return { customers, lastSeeded: notifications };
}
