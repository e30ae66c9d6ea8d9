import { callerCauses, flagCauses, noRouteCauses, reasons } from '@ficus/core';
import { expect, test } from 'vitest';
import { ALL_MOVE } from './explanation.fixture.ts';
import { formatDecision } from './format-decision.ts';

const plain = (explanation: typeof ALL_MOVE): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
  formatDecision(explanation).replace(/\u001b\[\d+m/g, '');

test('a user who is moved', () => {
  expect(plain(ALL_MOVE)).toBe(`GET /api/notes is served by the candidate: serve-flag-on
  The serve flag chose the candidate for this user.

  route      notes / list (/api/notes), a read: it is the only route that matches
  caller     user ann (cookie sid, asked at /me of the legacy)
             The source that \`proxy.identify\` names says who calls.
  flag       notes.serve is on for this caller, share 25 %
             A strategy of the flag includes this caller.
             strategy flexibleRollout includes the caller: 25 % by userId, bucket of this caller 7
  flags from builtin: current, received 2027-01-02T00:00:00.000Z
  pin        none
  owner      the legacy, epoch 1
  candidate  breaker closed
  workers    2 of 2 decide so`);
});

test('a name with a line break makes no line of its own', () => {
  const name = 'ann\n  workers    all decide otherwise';
  const shown = plain({ ...ALL_MOVE, caller: { ...ALL_MOVE.caller, name } });
  expect(shown.split('\n')).toHaveLength(plain(ALL_MOVE).split('\n').length);
  expect(shown).toContain('user ann\\n  workers');
});

test('one who is not: pin, breaker, what differs, and what to do', () => {
  const text = plain({
    ...ALL_MOVE,
    serve: 'legacy',
    reason: 'pinned',
    ...reasons.pinned,
    shadow: 'candidate',
    caller: { ...ALL_MOVE.caller, name: null, detail: 'it has expired', ...callerCauses['token-refused'] },
    flag: { ...ALL_MOVE.flag!, enabled: false, ...flagCauses.constrained, percent: null },
    flags: { provider: 'unleash', state: 'last known', receivedAt: null, problem: 'no answer' },
    pin: { pinned: true, who: 'caller', wouldPin: ['tags'] },
    slice: {
      ...ALL_MOVE.slice!,
      owner: 'candidate',
      epoch: 2,
      writes: 'held',
      heldForMs: 900,
      guards: ['lag'],
    },
    control: 'away',
    force: { side: null, text: 'counts for nothing' },
    candidate: {
      breaker: 'open',
      probeInMs: 1200,
      failsChecks: true,
      onBreakerOpen: 'fail',
      addressesOut: 1,
    },
    workers: {
      asked: 4,
      agree: 2,
      differ: [{ count: 1, serve: null, reason: 'breaker-open' }],
      silent: 1,
    },
  });
  for (const line of [
    'what to do: If this share stays high',
    'caller     user (named by the request)',
    'it has expired',
    'notes.serve is off for this caller, for a cohort',
    'flags from unleash: last known (no answer)',
    'override   x-ficus-force counts for nothing',
    'pin        the caller is pinned by a write',
    'pins       the caller’s reads of tags, until the stream has applied the write',
    'owner      the candidate, epoch 2, as last known: the control plane is away',
    'held       writes wait for 900 ms at most',
    'copy       goes to the candidate',
    'guards     lag: asked before the share is raised',
    'candidate  health checks fail, breaker open, next probe in 1200 ms; meanwhile 503, addresses ejected: 1',
    'workers    2 of 4 decide so; 1: the proxy, breaker-open; 1 without an answer',
  ])
    expect(text).toContain(line);
});

test('a caller whom chance moves: no side is stated as a fact', () => {
  const strategies = [{ ...ALL_MOVE.flag!.strategies[0]!, share: 55, bucket: null, byChance: true }];
  const flag = { ...ALL_MOVE.flag!, ...flagCauses['chance-once'], percent: 55, chance: 55, strategies };
  const chance = { candidate: 55, at: 'first-visit' as const };
  const text = plain({ ...ALL_MOVE, ...flagCauses['chance-once'], chance, flag, shadow: 'legacy' });
  expect(text).toMatch(/^GET \/api\/notes is decided by chance at the first visit: 55 % candidate\n/);
  expect(text).toContain('flag       notes.serve is on for 55 % of such callers, share 55 %\n');
  expect(text).toContain('strategy flexibleRollout draws: 55 % by userId\n');
  expect(text).not.toMatch(/is served by|copy|this caller \d/);
  const each = plain({ ...ALL_MOVE, chance: { ...chance, at: 'each-request' } });
  expect(each).toContain('is decided by chance at each request: 55 % candidate');
});

test('a breaker whose wait is over', () => {
  const candidate = { ...ALL_MOVE.candidate!, breaker: 'open' as const, probeInMs: 0 };
  const text = plain({ ...ALL_MOVE, candidate });
  expect(text).toContain('is served by the candidate: serve-flag-on, as the probe of its circuit breaker\n');
  expect(text).toContain(
    'breaker open, its wait is over: this request would be the probe; until that has succeeded, the legacy for the others',
  );
  expect(text).not.toMatch(/0 ms|meanwhile/);
  expect(plain({ ...ALL_MOVE, serve: 'legacy', reason: 'serve-flag-off', candidate })).toContain(
    'the next request to it is the probe',
  );
});

test('a caller without credentials: nothing was asked', () => {
  const caller = {
    ...ALL_MOVE.caller,
    kind: 'anonymous' as const,
    name: null,
    source: 'header authorization',
  };
  const text = plain({ ...ALL_MOVE, caller: { ...caller, cause: 'no-credentials' } });
  expect(text).toContain('caller     anonymous (no header authorization)\n');
});

test('no route, and the proxy’s own answer', () => {
  const none = {
    caller: { ...ALL_MOVE.caller, cause: 'not-asked' as const },
    slice: null,
    flag: null,
    candidate: null,
  };
  const near = ['notes / beta (/api/beta), unless header x-beta is “yes”'];
  const unrouted = plain({
    ...ALL_MOVE,
    ...none,
    serve: 'legacy',
    reason: 'no-route',
    pin: null,
    match: { kind: 'no-route', path: '/api/beta', why: '', missed: [], alsoWrites: [] },
    noRoute: { cause: 'condition-unmet', ...noRouteCauses['condition-unmet'], near },
  });
  expect(unrouted).toContain(`near: ${near[0]}`);
  expect(unrouted).not.toContain('caller  ');
  const refused = plain({
    ...ALL_MOVE,
    ...none,
    serve: null,
    reason: 'target-too-long',
    answer: { status: 414, code: null, detail: 'The request target is too long.' },
    match: { kind: 'refused', status: 414, reason: '' },
  });
  expect(refused).toContain('is answered by the proxy with 414: target-too-long');
  expect(refused).toContain('answer     414: The request target is too long.');
});

test.each<[string, Partial<NonNullable<(typeof ALL_MOVE)['slice']>>, string | undefined]>([
  ['open', { writes: 'open', heldForMs: null }, undefined],
  ['leased', { writes: 'leased', heldForMs: null }, 'writes are sent while the lease is valid'],
  [
    'leased, without a lease',
    { writes: 'leased', heldForMs: 900 },
    'without a valid lease of the control plane',
  ],
  ['held', { writes: 'held', heldForMs: 900 }, 'writes wait for 900 ms at most'],
])('writes that are %s', (_, slice, text) => {
  const shown = plain({ ...ALL_MOVE, slice: { ...ALL_MOVE.slice!, ...slice } });
  if (text === undefined) expect(shown).not.toMatch(/held|leased/);
  else expect(shown).toContain(text);
});
