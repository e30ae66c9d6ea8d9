import { describe, expect, test } from 'vitest';
import { parseExactly, textAt } from './text-at.ts';

describe('a name in a document', () => {
  test.each<[string, unknown, string | null | undefined]>([
    ['user', { user: 'ann' }, 'ann'],
    ['user', { user: 42 }, '42'],
    ['user', { user: 'a'.repeat(4_096) }, 'a'.repeat(4_096)],
    ['user.id', { user: { id: 0 } }, '0'],
    ['data.viewer.id', { data: { viewer: { id: 'a' } } }, 'a'],
    ['accounts.0.id', { accounts: [{ id: 'first' }, { id: 'second' }] }, 'first'],
    ['https://shop.example/tenant', { 'https://shop.example/tenant': 'blue' }, 'blue'],
    ['https://shop.example/claims.org.id', { 'https://shop.example/claims': { 'org.id': 'o' } }, 'o'],
    // The longest key that leads to a name.
    ['a.b', { a: { b: 'inner' }, 'a.b': 'outer' }, 'outer'],
    ['a.b.c', { 'a.b': { x: 1 }, a: { 'b.c': 'found' } }, 'found'],
  ])('%s is found', (path, document, name) => {
    expect(textAt(document, path)).toBe(name);
  });

  test.each<[string, unknown]>([
    ['user', { user: null }],
    ['user', { user: '' }],
    ['user', { user: false }],
    ['user.id', { user: null }],
    ['user.id', { user: false }],
    ['user.id', null],
  ])('%s: the document says that nobody is logged in', (path, document) => {
    expect(textAt(document, path)).toBeNull();
  });

  test.each<[string, unknown]>([
    ['user', {}],
    ['user', { user: { id: 1 } }],
    ['user', { user: true }],
    ['user.id', { user: 'ann' }],
    ['user.id', { user: { uuid: 'x' } }],
    ['user', ['user']],
    ['length', 'text'],
    ['length', [1, 2]],
    ['constructor.name', {}],
    ['__proto__.x', {}],
    ['user', { user: 1.5 }],
    ['user', { user: 2 ** 53 }],
    ['user', { user: ' \t' }],
    ['user', { user: 'a'.repeat(4_097) }],
    ['', { user: 'ann' }],
  ])('%s: nothing there could be a name', (path, document) => {
    expect(textAt(document, path)).toBeUndefined();
  });
});

test('long numbers of ids are not rounded to those of other users', () => {
  const document = parseExactly('{"id": 9007199254740993, "low": -9007199254740995, "share": 0.5, "n": 1}');
  expect(document).toEqual({ id: '9007199254740993', low: '-9007199254740995', share: 0.5, n: 1 });
});
