import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonbText } from './jsonb-text.ts';

test('what PostgreSQL refuses has a stand-in, everything else stays', () => {
  expect(jsonbText({ a: 'x\0y\ud83d', b: '\\u0000 \\ud83d', c: '\u0001😀' })).toBe(
    JSON.stringify({ a: 'x\ufffdy\ufffd', b: '\\u0000 \\ud83d', c: '\u0001😀' }),
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('\0', '\\', 'u0000', '\ud83d', '\ude00', '"', 'é') }),
      (text) => {
        expect(JSON.parse(jsonbText(text))).toBe(text.toWellFormed().replaceAll('\0', '\ufffd'));
      },
    ),
  );
});
