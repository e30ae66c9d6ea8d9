import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFieldName, isMap } from './field-name.ts';
import { isHarmless, KeptValues, prepareAllowed } from './kept-values.ts';
import { StandIns } from './stand-ins.ts';

describe('stand-ins', () => {
  it('have the shape of the value, and its signs', () => {
    const shape = new StandIns().of('Zoë O’Neil, +44 20 7946-0958 <zoe@mail.example>');
    expect(shape).toMatch(
      /^‹[A-Z][a-z]{2} [A-Z]\?[A-Z][a-z]{3}, \+\d\d \d\d \d{4}-\d{4} <[a-z]{3}@[a-z]{4}\.[a-z]{7}>›$/,
    );
  });

  it('are equal for equal words, and only within one comparison', () => {
    const standIns = new StandIns();
    const [first, , second] = standIns.shapeOf('wilhelmina and wilhelmina').split(' ');
    expect(first).toBe(second);
    expect(first).not.toBe(new StandIns().shapeOf('wilhelmina'));
  });

  it('hold no word of the value', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9ÄÖÜäöüé]{9,80}$/);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(' ', '-', '/', ': '),
        (words, by) => {
          const shape = new StandIns().of(words.join(by));
          for (const each of words) expect(shape).not.toContain(each);
          expect([...shape]).toHaveLength([...words.join(by)].length + 2);
        },
      ),
    );
  });

  it('leave a page its structure', () => {
    expect(new StandIns().shapeOf('<p class="x9">Paid by Ina</p>')).toMatch(
      /^<p class="[a-z]\d">[A-Z][a-z]{3} [a-z]{2} [A-Z][a-z]{2}<\/p>$/,
    );
  });

  it('show no invisible characters', () => {
    expect(new StandIns().shapeOf('a\u001b[2J\u202eb\u0000')).toMatch(/^[a-z]\?\[\d[A-Z]\?[a-z]\?$/);
  });
});

describe('what is kept', () => {
  it.each([
    ['12', true],
    ['-7', true],
    ['true', true],
    ['null', true],
    ['', true],
    ['/', true],
    ['123', false],
    ['open', false],
    ['é', false],
  ])('%j is harmless: %s', (text, expected) => {
    expect(isHarmless(text)).toBe(expected);
  });

  it.each([
    ['createdAt', true],
    ['address_line2', true],
    ['x-api-version', true],
    ['@type', true],
    ['mia@example.org', false],
    ['Mia Berg', false],
    ['DE89370400440532013000', false],
    ['5f3a-11', false],
    ['u48151623', false],
    ['a'.repeat(41), false],
  ])('%s is a field’s name: %s', (name, expected) => {
    expect(isFieldName(name)).toBe(expected);
  });

  it('keys of a map are data, whatever they look like', () => {
    expect(isMap({ mia: { age: 1, city: 'x' }, tom: { city: 'y', age: 2 } })).toBe(true);
    expect(isMap({ user: { id: 1 }, order: { total: 2 } })).toBe(false);
    expect(isMap({ id: 1, name: 'x' })).toBe(false);
    expect(isMap(Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`k${at}`, at])))).toBe(true);
  });

  it.each([
    ['content-type', 'text/html; charset=utf-8', true],
    ['accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', true],
    ['strict-transport-security', 'max-age=63072000; includeSubDomains', true],
    ['permissions-policy', 'camera=(), geolocation=(self "https://maps.example")', true],
    ['accept', 'text/html; for="mia@example.org"', false],
    ['content-type', 'text/plain; card=4111111111111111', false],
    ['prefer', 'account=DE89370400440532013000', false],
    ['cache-control', `private, ${'aB3'.repeat(20)}`, false],
    ['x-requested-with', 'Jürgen', false],
  ])(
    'a header that steers the message is shown where its value is of such words: %s: %s',
    (name, value, shown) => {
      const kept = new KeptValues();
      expect(kept.text({ area: 'header', name }, value) === value).toBe(shown);
    },
  );

  it('is what the config allows, and what is under it', () => {
    const kept = new KeptValues(prepareAllowed(['$.order.state', 'header.x-build', 'query.sort', 'path.id']));
    expect(kept.text({ area: 'json', steps: ['order', 'state', 0] }, 'shipped')).toBe('shipped');
    expect(kept.text({ area: 'json', steps: ['order', 'note'] }, 'shipped')).toMatch(/^‹[a-z]{7}›$/);
    expect(kept.shows({ area: 'header', name: 'x-build' })).toBe(true);
    expect(kept.shows({ area: 'header', name: 'x-auth' })).toBe(false);
    expect(kept.shows({ area: 'query', name: 'sort' })).toBe(true);
    expect(kept.shows({ area: 'path', name: 'id' })).toBe(true);
    expect(kept.shows({ area: 'path', name: 'sort' })).toBe(false);
  });
});
