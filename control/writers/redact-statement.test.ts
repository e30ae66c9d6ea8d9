import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redactStatement } from './redact-statement.ts';

test.each([
  [`UPDATE notes SET body = 'mia''s secret' WHERE id = 42`, 'UPDATE notes SET body = ? WHERE id = ?'],
  [
    `insert into "Order Lines" ("user") values ($1, $2)`,
    'insert into "Order Lines" ("user") values ($1, $2)',
  ],
  [`INSERT INTO t1 VALUES (1, -2.5e-3, .5, 0xFF, 1_000)`, 'INSERT INTO t1 VALUES (?, -?, …)'],
  [`SELECT $tag$ it's $x$ secret $tag$, $$b$$ FROM t`, 'SELECT ?, ? FROM t'],
  [`SELECT E'a', U&'\u00fc', x'1F', B'01', n'c' FROM t`, 'SELECT ?, … FROM t'],
  [`/* mia@example.org */ DELETE FROM t -- by mia\n WHERE a = TRUE`, 'DELETE FROM t WHERE a = TRUE'],
  [`/* a /* secret */ secret */ DELETE FROM t`, '…'],
  [`UPDATE t SET a = 'cut off in the mid`, 'UPDATE t SET a = ?…'],
  [`UPDATE t SET a = $$cut off in`, 'UPDATE t SET a = ?'],
  [`UPDATE t SET "cut`, 'UPDATE t SET "cut'],
  [`UPDATE t SET a = 'C:\\', b = 'secret'`, 'UPDATE t SET a = ?…'],
  [`UPDATE t SET a = E'it\\'s', b = 'secret'`, 'UPDATE t SET a = ?…'],
  [
    `INSERT INTO t VALUES (${Array.from({ length: 90 }, (_, at) => at).join(', ')})`,
    'INSERT INTO t VALUES (?, …)',
  ],
  ['', ''],
])('%s', (query, shown) => {
  expect(redactStatement(query)).toBe(shown);
});

test('a long statement is cut off', () => {
  expect(redactStatement(`SELECT ${'column_name, '.repeat(40)}`)).toHaveLength(201);
});

/** Values as a client may write them; each has a word that must not be shown. */
const value = fc
  .tuple(
    fc.constantFrom('secret', 'secret it', "secret''s", 'sec"ret secret', '--secret', '/*secret*/'),
    fc.nat(5),
  )
  .map(
    ([word, form]) =>
      [
        `'${word}'`,
        `$$${word.replaceAll('$', '')}$$`,
        `$a$${word}$a$`,
        `E'${word}'`,
        `/* ${word.replaceAll('*/', '')} */ 1`,
        `-- ${word}\n 1`,
      ][form]!,
  );

test('no value is shown, wherever the text is cut off', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), fc.nat(300), (values, length) => {
      const query = `INSERT INTO notes (a) VALUES (${values.join(', ')})`.slice(0, length);
      const shown = redactStatement(query);
      for (let end = 3; end <= 6; end++) expect(shown).not.toContain('secret'.slice(0, end));
    }),
  );
});
