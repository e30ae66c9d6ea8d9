/** What a rewrite may do to the fields of a message, and not: a response without its length runs into the next one. */
import { expect, test } from 'vitest';
import { rewriteSchema } from './route-schema.ts';

const problems = (rewrite: object) =>
  rewriteSchema.safeParse(rewrite).error?.issues.map(({ message }) => message) ?? [];

test.each(['Transfer-Encoding', 'content-length', 'connection', 'upgrade', 'expect', 'te', 'trailer'])(
  '%s stays the proxy’s own',
  (name) => {
    for (const part of ['requestHeaders', 'responseHeaders']) {
      expect(problems({ [part]: { remove: [name] } })).toEqual([
        expect.stringMatching(/^belongs to the connection/),
      ]);
      expect(problems({ [part]: { set: { [name]: '1' } } })).toHaveLength(1);
    }
  },
);

test('a request’s Host may be another, and not none', () => {
  expect(problems({ requestHeaders: { set: { host: 'inner.example' } } })).toEqual([]);
  expect(problems({ requestHeaders: { remove: ['Host'] } })).toEqual(['every request needs it']);
});
