import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableJson, printableLines } from './printable.ts';

const HOSTILE = [
  '\u001b[2J\u001b[1;1H',
  '\u001b]0;title\u0007',
  '\u009b8m',
  '\u0007\b\u007f',
  '\u202egnp.exe\u2066',
  '\u200bx\ufeff',
  '\ud800',
  '\u{e0041}',
];

describe('printable', () => {
  it.each(HOSTILE)('%j has no control left', (text) => {
    for (const shown of [printable(text), printableLines(text)])
      expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\u200b\ufeff\u{e0000}-\u{e007f}]/u);
  });

  it('shows what was there', () => {
    expect(printable('a\u001b[31mb\nc\t\u202e')).toBe('a\\u001b[31mb\\nc\\t\\u202e');
    expect(printableLines('a\r\nb')).toBe('a\\r\nb');
  });

  it('leaves every script and picture as it is', () => {
    const text = 'Grüße, שלום, नमस्ते, 東京 👩‍💻 “quoted” ‹›';
    expect(printable(text)).toBe(text);
  });

  it('leaves the meaning of JSON as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...HOSTILE), (value, hostile) => {
        const document = { value, hostile, [hostile]: 1 };
        const text = printableJson(JSON.stringify(document, null, 2));
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(document)));
        expect(text).not.toMatch(/[\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});
