import { describe, expect, test } from 'vitest';
import { formatProblem } from './config-problem.ts';
import { tokenFor } from './control-roles.ts';
import { controlSchema } from './control-schema.ts';
import { parseConfig } from './parse-config.ts';

const LONG = 'long-enough-for-a-network';

function problemsOf(control: object): string[] {
  const document = { version: 1, legacy: { url: 'http://127.0.0.1:3000' }, control };
  const parsed = parseConfig(document, {});
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

describe('a control plane that other machines can reach', () => {
  test.each(['0.0.0.0:8081', '[::]:8081', '10.0.0.1:8081', 'control.internal:8081'])(
    '%s needs a token',
    (listen) => {
      expect(problemsOf({ listen })).toEqual([
        expect.stringMatching(/^control\.token: is required: other machines/),
      ]);
      expect(problemsOf({ listen, token: LONG })).toEqual([]);
      expect(problemsOf({ listen, tokens: [{ name: 'p', roles: ['report'], token: LONG }] })).toEqual([]);
    },
  );

  test('needs long tokens, every one', () => {
    const tokens = [
      { name: 'a', roles: ['read'], token: LONG },
      { name: 'b', roles: ['read'], token: 'fifteen-letters' },
    ];
    expect(problemsOf({ listen: '0.0.0.0:1', token: 'fifteen-chars..', tokens })).toEqual([
      expect.stringMatching(/^control\.token: must have at least 16 characters/),
      expect.stringMatching(/^control\.tokens\[1\]\.token: must have at least 16 characters/),
    ]);
  });

  test.each(['127.0.0.1:0', 'localhost:8081', '[::1]:8081', '127.8.9.1:8081'])('%s is none', (listen) => {
    expect(problemsOf({ listen })).toEqual([]);
    expect(problemsOf({ listen, token: 'eight-or' })).toEqual([]);
  });
});

test('a token stands for one owner, and an owner has one name', () => {
  const tokens = [
    { name: 'a', roles: ['read'], token: LONG },
    { name: 'a', roles: ['admin'], token: LONG },
    { name: '(c)', roles: [], token: 'x' },
  ];
  expect(problemsOf({ tokens: tokens.slice(0, 2) })).toEqual([
    expect.stringMatching(/^control\.tokens\[1\]\.token: is used twice/),
    expect.stringMatching(/^control\.tokens\[1\]\.name: “a” is used twice/),
  ]);
  expect(problemsOf({ tokens: tokens.slice(2) }).map((problem) => problem.split(':')[0])).toEqual([
    'control.tokens[0].name',
    'control.tokens[0].roles',
    'control.tokens[0].token',
  ]);
});

describe('a program with the config sends', () => {
  const named = (name: string, ...roles: string[]) => ({ name, roles, token: `token-of-${name}` });
  const all = controlSchema.parse({
    token: 'token-of-all',
    tokens: [named('root', 'admin'), named('ci', 'operate'), named('edge', 'report')],
  });

  test('the token that may least', () => {
    expect(tokenFor(all, 'report')).toBe('token-of-edge');
    expect(tokenFor(all, 'flags')).toBe('token-of-edge');
    expect(tokenFor(all, 'operate')).toBe('token-of-ci');
    expect(tokenFor(all, 'admin')).toBe('token-of-all');
  });

  test('control.token, where no other has the role', () => {
    expect(tokenFor(controlSchema.parse({ token: 'the-only-one' }), 'report')).toBe('the-only-one');
    const tokens = [named('root', 'admin')];
    expect(tokenFor(controlSchema.parse({ tokens }), 'report')).toBe('token-of-root');
  });

  test('none that lacks the role', () => {
    expect(tokenFor(controlSchema.parse({ tokens: [named('edge', 'report')] }), 'operate')).toBeUndefined();
  });
});
