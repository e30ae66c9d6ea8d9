import type { Finding } from '@ficus/cdc';
import { expect, test } from 'vitest';
import { nameFinding, remedyOf } from './name-finding.ts';

const finding: Finding = {
  severity: 'error',
  path: 'slices.notes.tables[0].columns.body',
  code: 'FICUS_CDC_SCHEMA_CHANGED',
  message: 'It is narrower: copy again (ficus copy SLICE --restart).',
};

test('a finding names its slice: in the sentence, the SQL and the remedy of its code', () => {
  const sql = 'ALTER TABLE note …; -- then: ficus copy SLICE --restart';
  expect(nameFinding({ ...finding, remedySql: sql })).toEqual({
    ...finding,
    message: 'It is narrower: copy again (ficus copy notes --restart).',
    remedySql: 'ALTER TABLE note …; -- then: ficus copy notes --restart',
  });
  expect(remedyOf(finding)).toContain('ficus copy notes --restart');
  expect(nameFinding(finding)).not.toHaveProperty('remedySql');
});

test('one of no slice stays as it is', () => {
  const server: Finding = { ...finding, path: 'legacy.database' };
  expect(nameFinding(server)).toEqual(server);
  expect(remedyOf(server)).toContain('ficus copy SLICE');
});
