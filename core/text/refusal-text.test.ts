import { describe, expect, it } from 'vitest';
import { fieldsToLog, refusalText } from './refusal-text.ts';
import { isShownKey, showKey } from './row-key.ts';

const refusal = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

describe('what a database refuses', () => {
  it.each([
    [
      '22P02',
      'invalid input syntax for type integer: "Ida, born "1980""',
      'invalid input syntax for type integer: "…"',
    ],
    [
      '22P02',
      'ungültige Eingabesyntax für Typ integer: »Ida«',
      'ungültige Eingabesyntax für Typ integer: "…"',
    ],
    ['22001', 'value too long for type character varying(5)', 'value too long for type character varying(5)'],
    [
      '23505',
      'duplicate key value violates unique constraint "people_email"',
      'duplicate key value violates unique constraint "people_email"',
    ],
    ['ECONNREFUSED', 'connect "x"', 'connect "x"'],
  ])('%s: %s', (code, message, expected) => {
    expect(refusalText(refusal(code, message))).toBe(expected);
  });

  it('is logged without the fields that hold rows, also as the cause of another error', () => {
    const refused = refusal('22P02', 'invalid input syntax: "Ida"', {
      detail: 'Key (email)=(ida@example.org) exists.',
      where: 'COPY people, line 1: "Ida"',
      table: 'people',
    });
    const stopped = new Error('It cannot be applied', { cause: refused });
    for (const error of [refused, stopped]) {
      // As loggers do: the causes' messages follow the error's own.
      const message = error === refused ? refused.message : `${stopped.message}: ${refused.message}`;
      const fields = { ...error, message, stack: `Error: ${message}\n    at x` };
      const shown = fieldsToLog(fields, error);
      expect(JSON.stringify(shown).toLowerCase()).not.toContain('ida@');
      expect(JSON.stringify(shown)).not.toContain('Ida');
      expect(shown.message).toMatch(/invalid input syntax: "…"$/);
    }
    expect(fieldsToLog({ ...refused }, refused)).toMatchObject({ code: '22P02', table: 'people' });
  });

  it('leaves other errors as they are', () => {
    const fields = { message: 'x', code: 'ENOENT', detail: 'kept' };
    expect(fieldsToLog(fields, refusal('ENOENT', 'x'))).toEqual(fields);
  });

  it('is logged without the credentials of URLs', () => {
    const input = 'postgres://ficus:hunter2@h:x/db';
    const fields = { message: `fetch of http://a:hunter2@h/x?m=a@b failed`, input };
    expect(fieldsToLog(fields, new Error('x'))).toEqual({
      message: 'fetch of http://h/x?m=a@b failed',
      input: 'postgres://h:x/db',
    });
  });
});

it.each(['P0001', 'MB001', '45000'])(
  'class P0 and codes that are not PostgreSQL’s quote values: %s',
  (code) => {
    const error = Object.assign(new Error('member "ida@example.org" is barred'), { code });
    expect(refusalText(error)).toBe('member "…" is barred');
  },
);

it.each(['23505', '42501', '57P01', 'ECONNREFUSED'])('PostgreSQL’s own code %s quotes names', (code) => {
  const error = Object.assign(new Error('violates "people_pkey"'), { code });
  expect(refusalText(error)).toBe('violates "people_pkey"');
});

it('a key shows numbers and codes, and a digest of anything else', () => {
  expect(
    showKey([
      ['id', '5'],
      ['sku', 'A-7'],
      ['email', 'ida@example.org'],
      ['note', null],
    ]),
  ).toBe('id=5, sku=A-7, email=sha256:ebb04c0ee85f, note=null');
});

it.each([
  ['7', true],
  ['3f2504e0-4f89-11d3-9a0c-0305e82c3301', true],
  ['SKU-77:b', true],
  ['-12', true],
  ['1984-05-17', false],
  ['17-5-84', false],
  ['mia.berg', false],
  ['DE89370400440532013000', false],
  ['session-of-mia-berg', false],
  ['mia@example.org', false],
  ['Mia Berg', false],
  ['+44 20 7946', false],
])('the key %s of a row is shown: %s', (key, expected) => {
  expect(isShownKey(key)).toBe(expected);
});
