import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ExactJson, isMembers, JsonNumber } from './exact-json.ts';
import { parseExactJson } from './parse-exact-json.ts';

/** What the platform's own parser makes of the same text: the reviver's third argument carries a number's text. */
type SourceReviver = (key: string, value: unknown, context: { source: string }) => unknown;
const keepNumbers: SourceReviver = (_key, value, { source }) =>
  typeof value === 'number' ? new JsonNumber(source) : value;

function expectSameAsPlatform(text: string): void {
  const parse = (read: (text: string) => unknown) => {
    try {
      return { value: read(text) };
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
      return 'no JSON';
    }
  };
  const platform = parse((each) => JSON.parse(each, keepNumbers as (key: string, value: unknown) => unknown));
  expect(parse(parseExactJson), text).toStrictEqual(platform);
}

const number = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.constantFrom('0', '1', '10', '01', '', '12345678901234567890'),
    fc.constantFrom('', '.', '.0', '.50', '.000000001'),
    fc.constantFrom('', 'e', 'e5', 'E+05', 'e-1', 'e+'),
  )
  .map((parts) => parts.join(''));
const blank = fc.constantFrom('', '', ' ', '\n\t\r', '\u00a0', '\ufeff');
const quoted = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        '__proto__',
        '\\n',
        '\\"',
        '\\\\',
        '\\u00e9',
        '\\u12',
        '\\x',
        '\n',
        '\u0000',
        '\u2028',
        '😀',
        '\ud800',
      ],
    ),
    { maxLength: 3 },
  )
  .map((pieces) => `"${pieces.join('')}"`);
const { document } = fc.letrec<{ document: string }>((tie) => ({
  document: fc
    .tuple(
      blank,
      fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(number, quoted, fc.constantFrom('true', 'false', 'null', 'nul', 'True', '')),
        fc.array(tie('document'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
        fc
          .array(fc.tuple(blank, quoted, blank, tie('document')), { maxLength: 3 })
          .map((all) => `{${all.map(([a, name, b, value]) => `${a}${name}${b}:${value}`).join(',')}}`),
      ),
      blank,
    )
    .map((parts) => parts.join('')),
}));

test('reads what JSON.parse reads, with the text of each number, and refuses what it refuses', () => {
  fc.assert(fc.property(document, expectSameAsPlatform), { numRuns: 5_000 });
});

test('refuses and reads documents with a character too many, too few, or another one', () => {
  const edit = fc.tuple(
    fc.nat(),
    fc.nat(1),
    fc.constantFrom('', ',', '"', ']', '}', ':', '-', '1', '\\', ' '),
  );
  fc.assert(
    fc.property(fc.json(), edit, (text, [place, removed, added]) => {
      const at = place % (text.length + 1);
      expectSameAsPlatform(text.slice(0, at) + added + text.slice(at + removed));
    }),
    { numRuns: 5_000 },
  );
});

test('a member with the name of the prototype is a member like any other', () => {
  const value: ExactJson = parseExactJson('{"__proto__":{"a":1.0},"b":2}');
  expect(isMembers(value) && Object.keys(value)).toEqual(['__proto__', 'b']);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});
