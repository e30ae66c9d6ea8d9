import { expect, test } from 'vitest';
import { formatRemoval } from './format-removal.ts';

test('SQL for an administrator is copied line by line, and no line of it is run', () => {
  const sql = "DO $ficus$\nBEGIN\n  PERFORM 'a\u001bb';\nEND $ficus$;";
  const text = formatRemoval({
    ...{ inUse: undefined, slice: 'notes', parts: [], files: [] },
    remnants: [{ what: 'The fence of notes belongs to role shop.', sql }],
  });
  const lines = text.split('\n');
  expect(lines).toContain('-- The fence of notes belongs to role shop.');
  expect(lines).toContain('--   DO $ficus$');
  expect(lines).toContain("--     PERFORM 'a\\u001bb';");
  expect(lines).toContain('--   END $ficus$;');
  expect(lines.filter((line) => line !== '' && !line.startsWith('--'))).toEqual([]);
});
