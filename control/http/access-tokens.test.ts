import { inspect } from 'node:util';
import { CONTROL_ROLES } from '@ficus/core';
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

test('a token that all share names no owner', () => {
  const shared = new AccessTokens({ token: 'token-of-all', tokens: [] });
  expect(shared.find('token-of-all')).toMatchObject({ owner: undefined });
  expect(shared.none).toBe(false);
  expect(new AccessTokens({ tokens: [] }).none).toBe(true);
});

test('the tokens themselves are not kept', () => {
  expect(inspect(tokens, { depth: 9, showHidden: true })).not.toContain('token-of-');
});
