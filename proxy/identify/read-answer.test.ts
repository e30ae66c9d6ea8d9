import { describe, expect, test } from 'vitest';
import type { WantedField } from './asked-endpoints.ts';
import { readAnswer } from './read-answer.ts';

const user = (at: string): WantedField => ({ field: 'user', at, isNamed: true });
const tenant: WantedField = { field: 'tenant', at: 'data.org.id', isNamed: true };
const implied: WantedField = { field: 'session', at: 'session', isNamed: false };
const answer = (status: number, text = '', truncated = false) => ({
  status,
  body: Buffer.from(text),
  truncated,
});
const read = (document: unknown, ...wanted: WantedField[]) =>
  readAnswer(answer(200, JSON.stringify(document)), wanted);

describe('an answer', () => {
  test('names the caller where the config says', () => {
    const document = { data: { id: 7, org: { id: 'blue' } }, session: 'sid' };
    expect(read(document, user('data.id'), implied, tenant)).toEqual({
      identity: { user: '7', session: 'sid', tenant: 'blue', uncertain: false },
    });
  });

  test('names an id that a double would round', () => {
    const exact = readAnswer(answer(200, '{"user": 9007199254740993}'), [user('user')]);
    expect(exact).toMatchObject({ identity: { user: '9007199254740993' } });
  });

  test.each([401, 403, 204])('of %d is of an anonymous caller', (status) => {
    expect(readAnswer(answer(status), [user('user')])).toMatchObject({
      identity: { user: undefined, uncertain: false },
    });
  });

  test('that says null is of an anonymous caller, of whom nothing else is expected', () => {
    for (const document of [{ data: null }, { data: { id: null } }, null])
      expect(read(document, user('data.id'), tenant)).toEqual({
        identity: { user: undefined, session: undefined, tenant: undefined, uncertain: false },
      });
  });

  test('without the user is of an unknown caller; its fields are named, and no values', () => {
    const found = read({ id: 'secret', email: 'ann@example.org' }, user('user'));
    expect(found).toMatchObject({
      identity: { uncertain: true },
      lacks: { field: 'user', seen: 'id, email' },
    });
    expect(JSON.stringify(found)).not.toMatch(/secret|example/);
  });

  test('without a tenant that the config looks for is of a caller without one, and says so', () => {
    expect(read({ user: 'ann' }, user('user'), implied, tenant)).toMatchObject({
      identity: { user: 'ann', tenant: undefined, uncertain: false },
      lacks: { field: 'tenant' },
    });
  });

  test.each([
    [404, '', 'answered 404'],
    [302, '', 'answered 302'],
    [500, '{"user":"ann"}', 'answered 500'],
    [200, '<html>', 'answered 200 with something other than JSON'],
    [200, '', 'answered 200 with something other than JSON'],
  ])('of %d with “%s” says nothing about the caller', (status, text, failed) => {
    expect(readAnswer(answer(status, text), [user('user')])).toEqual({ failed });
  });

  test('that is cut off, or does not come, says nothing either', () => {
    expect(readAnswer(answer(200, '{"user":"ann"}', true), [user('user')])).toHaveProperty('failed');
    expect(readAnswer(undefined, [user('user')])).toHaveProperty('failed');
  });
});
