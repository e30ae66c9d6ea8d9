import { catalogue } from '@ficus/core';
import { expect, test } from 'vitest';
import { describeWayBack } from './describe-way-back.ts';

test('a gap is closed by no new copy', () => {
  const message = 'Table public.item was dropped and created again. Copy again: ficus copy SLICE --restart.';
  const remedy = 'Copy the rows again: ficus copy SLICE --restart.';
  expect(describeWayBack({ code: 'FICUS_CDC_SCHEMA_CHANGED', message, remedy })).toMatchObject({
    message:
      'On the way back, whose source is the candidate: Table public.item was dropped and created again.',
    remedy: expect.stringContaining('made again'),
  });
});

test('no error of the stream advises a copy of the legacy’s rows', () => {
  for (const [code, { title, remedy }] of Object.entries(catalogue))
    expect(JSON.stringify(describeWayBack({ code, message: title, remedy }))).not.toContain(
      'ficus copy SLICE --restart',
    );
});

test('what is fixed on a server keeps its remedy', () => {
  const problem = { code: 'FICUS_CDC_WAL_LEVEL', message: 'It is “replica”.', remedy: 'ALTER SYSTEM …' };
  expect(describeWayBack(problem).remedy).toBe(problem.remedy);
});
