import { configSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import { readFields } from '../accept/inspected-head.ts';
import { SessionNames } from './session-names.ts';

type Source = { cookie?: string; header?: string; trustedFrom?: string[] };

function carriedBy(source: Source, ...rawHeaders: string[]): string[] {
  const { identify } = configSchema.parse({
    version: 1,
    legacy: { url: 'http://127.0.0.1:3000' },
    proxy: { identify: { user: { ...source, introspect: '/me' } } },
  }).proxy;
  return SessionNames.of(identify)!.carriedBy(readFields(rawHeaders), rawHeaders);
}

test.each<[string, Source, string[], string[][]]>([
  [
    'cookies',
    { cookie: 'sid' },
    ['Cookie', 'sid=a; sid=; x=1', 'cookie', 'sid=b; sid=a'],
    [['sid=a'], ['sid=b']],
  ],
  [
    'cookies of a peer that is not believed, which the sides get',
    { cookie: 'sid', trustedFrom: ['10.0.0.0/8'] },
    ['Cookie', 'sid=a'],
    [['sid=a']],
  ],
])('all sessions that a request carries are named: %s', (_, source, fields, each) => {
  const alone = each.flatMap(([cookie]) => carriedBy(source, 'Cookie', cookie!));
  expect(new Set(alone).size).toBe(each.length);
  expect(carriedBy(source, ...fields)).toEqual(alone);
});

test('so are those of a header', () => {
  const of = (...values: string[]) =>
    carriedBy({ header: 'x-key' }, ...values.flatMap((value) => ['X-Key', value]));
  expect(of('a', 'b')).toEqual([...of('a'), ...of('b')]);
});

test('of thousands, the first and the last are', () => {
  const of = (...values: number[]) =>
    carriedBy({ cookie: 'sid' }, 'Cookie', values.map((value) => `sid=${value}`).join('; '));
  const many = of(...Array.from({ length: 3000 }, (_, at) => at));
  expect(many).toHaveLength(16);
  expect([many[0], many.at(-1)]).toEqual([...of(0), ...of(2999)]);
});
