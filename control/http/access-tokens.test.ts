import { inspect } from 'node:util';
import { CONTROL_ROLES, type ControlRole } from '@ficus/core';
import { expect, test } from 'vitest';
import { AccessTokens } from './access-tokens.ts';

const tokens = new AccessTokens({
  token: 'token-of-all',
  tokens: [
    { name: 'edge', roles: ['report'], token: 'token-of-edge' },
    { name: 'board', roles: ['read', 'flags'], token: 'token-of-board' },
    { name: 'ci', roles: ['operate'], token: 'token-of-ci' },
  ],
});

test.each([
  ['token-of-all', 'control.token', ['read', 'flags', 'report', 'operate', 'admin']],
  ['token-of-edge', 'edge', ['flags', 'report']],
  ['token-of-board', 'board', ['read', 'flags']],
  ['token-of-ci', 'ci', ['read', 'operate']],
])('%s is of %s', (token, owner, roles) => {
  const caller = tokens.find(token);
  expect(caller?.owner).toBe(owner);
  expect(CONTROL_ROLES.filter((role) => caller!.may(role))).toEqual(roles);
});

test.each(['', 'token-of-al', 'token-of-all ', 'TOKEN-OF-ALL', 'x'.repeat(10_000)])(
  '“%.20s” is of no owner',
  (token) => {
    expect(tokens.find(token)).toBeUndefined();
  },
);

test('a token that all share is named by its key', () => {
  const shared = new AccessTokens({ token: 'token-of-all', tokens: [] });
  expect(shared.find('token-of-all')).toMatchObject({ owner: 'control.token' });
  expect(shared.none).toBe(false);
  expect(new AccessTokens({ tokens: [] }).none).toBe(true);
});

test('the tokens themselves are not kept', () => {
  expect(inspect(tokens, { depth: 9, showHidden: true })).not.toContain('token-of-');
});

test('a caller is accepted for as long as the token stays as it is', () => {
  const entry = (name: string, token: string, roles: readonly ControlRole[]) => ({
    name,
    token,
    roles: [...roles],
  });
  const first = new AccessTokens({
    tokens: [
      entry('stays', 'token-1', ['report', 'flags']),
      entry('goes', 'token-2', ['report']),
      entry('loses a role', 'token-3', ['read', 'flags']),
      entry('is renewed', 'token-4', ['read']),
    ],
  });
  const callers = ['token-1', 'token-2', 'token-3', 'token-4'].map((token) => first.find(token)!);
  const second = new AccessTokens(
    {
      tokens: [
        entry('loses a role', 'token-3', ['flags']),
        entry('is renewed', 'token-5', ['read']),
        entry('stays', 'token-1', ['flags', 'report']),
      ],
    },
    first,
  );
  expect(callers.map((caller) => second.accepts(caller))).toEqual([true, false, false, false]);
});
