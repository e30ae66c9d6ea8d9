import { tableSchema } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { notesOfMapping, tablesLines } from './mapping-text.ts';

const PLAIN = { from: 'public.a', to: 'public.a', guesses: [], questions: [] };
const ODD = {
  from: 'odd schema."a.b"',
  to: 'public.null',
  columns: { on: 'Bestell-Nr', 'a: b': '# x', id: '1e5' },
  guesses: ['two\nlines \u001b[2J'],
  questions: ['why?'],
};
const LEFT = { from: 'public.c', to: 'public.c', omit: ['y', 'no', 'x y'], guesses: [], questions: [] };
const REFUSED = { ...LEFT, why: 'it has no key', remedySql: 'ALTER TABLE c;\nSELECT 1;' };
const lines = tablesLines({
  tables: [PLAIN, ODD, LEFT],
  refused: [REFUSED],
  unmatched: [{ table: 'public.d', why: 'has no counterpart' }],
});

describe('tablesLines', () => {
  test('what is read from them is what was proposed, whatever the names are', () => {
    const { tables } = parse(lines.join('\n')) as { tables: unknown[] };
    const bare = [PLAIN, ODD, LEFT].map(({ guesses: _, questions: __, ...entry }) => entry);
    expect(tables).toEqual(bare);
    for (const table of tables) expect(tableSchema.safeParse(table).success).toBe(true);
  });

  test('guesses, questions, what is refused and what is left are comments of one line each', () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        '  # Guessed: two\\nlines \\u001b[2J.',
        '  # Question: why?',
        '  # Question: public.c → public.c cannot go over as it is: it has no key',
        '  #   SELECT 1;',
        '  # - from: public.c',
        '  # public.d of the service gets no rows: it has no counterpart.',
      ]),
    );
  });

  test('without any table there is no key', () => {
    const none = tablesLines({ tables: [], refused: [REFUSED], unmatched: [] });
    expect(parse(none.join('\n'))).toBeNull();
    expect(notesOfMapping('s', { tables: [], refused: [REFUSED], unmatched: [] })[0]?.text).toContain(
      'No table of s',
    );
    expect(notesOfMapping('s', { tables: [], refused: [], unmatched: [] })[0]?.text).toContain(
      'has no tables',
    );
  });
});
