import { expect, test } from 'vitest';
import { describeEmptied } from './copy.ts';

test('each emptied table is named, with the rows that it had', () => {
  expect(
    describeEmptied([
      { table: 'public.visit', rows: 1 },
      { table: 'public.note', rows: 1200 },
    ]),
  ).toBe('emptied public.visit: 1 row\nemptied public.note: 1,200 rows\n');
});
