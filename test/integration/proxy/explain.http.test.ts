/** Each reason, explained by a proxy that runs, and what to do about it; the request itself is served as explained. */
import { writeFile } from 'node:fs/promises';
import type { SliceState } from '@ficus/core';
import { afterEach, describe, expect, test } from 'vitest';
import { refusingPort } from '../../parts/refusing-port.ts';
import { explain, explainAndSend, type Question } from './explain-rig.ts';
import {
  ask,
  type FakeControl,
  noteFlags,
  type Rig,
  type RigOptions,
  startFakeControl,
  startRig,
  until,
} from './rig.ts';

let rig: Rig;
let control: FakeControl | undefined;
afterEach(async () => {
  await control?.close();
  await rig.close();
  control = undefined;
});

async function startWithTables(serve: number, state?: SliceState, more: RigOptions = {}): Promise<void> {
  control = await startFakeControl(noteFlags(serve, 100));
  if (state) control.setState({ notes: state });
  rig = await startRig({ control, ...more });
}

const cookie = (user: string) => ({ cookie: `sid=${user}` });

describe('no route', () => {
  test.each<[string, Question, string, RegExp, string[]]>([
    ['its path', { url: '/elsewhere' }, 'path-not-listed', /Add a route/, []],
    [
      'its method',
      { method: 'DELETE' },
      'method-not-listed',
      /Add the method/,
      ['notes / list (GET, HEAD /api/notes)', 'notes / add (POST /api/notes)'],
    ],
    [
      'a condition',
      { url: '/api/beta' },
      'condition-unmet',
      /Send what the condition needs/,
      ['notes / beta (/api/beta), unless header x-beta is “yes”'],
    ],
    [
      'its spelling: case',
      { url: '/API/Notes' },
      'path-spelled-otherwise',
      /ignoreCase/,
      [
        'notes / list (GET, HEAD /api/notes), with legacy.paths.ignoreCase',
        'notes / add (POST /api/notes), with legacy.paths.ignoreCase',
      ],
    ],
    [
      'its spelling: a slash at the end',
      { url: '/api/beta/' },
      'path-spelled-otherwise',
      /ignoreTrailingSlash/,
      ['notes / beta (GET /api/beta), with legacy.paths.ignoreTrailingSlash'],
    ],
    [
      'its spelling: both',
      { url: '/api/Beta/' },
      'path-spelled-otherwise',
      /Ask for the spelling of the route/,
      ['notes / beta (GET /api/beta), with legacy.paths.ignoreCase and legacy.paths.ignoreTrailingSlash'],
    ],
  ])('for want of %s: it is named, and what comes near', async (_, question, cause, remedy, near) => {
    const routes = [
      { id: 'list', methods: ['GET', 'HEAD'], path: '/api/notes' },
      { id: 'add', methods: ['POST'], path: '/api/notes' },
      { id: 'beta', methods: ['GET'], path: '/api/beta', headers: { 'x-beta': 'yes' } },
    ];
    rig = await startRig({ serve: 100, routes });
    const { explanation } = await explainAndSend(rig, question);
    expect(explanation).toMatchObject({
      serve: 'legacy',
      reason: 'no-route',
      noRoute: { cause, near },
      caller: { cause: 'not-asked' },
    });
    expect(explanation.action).toMatch(remedy);
  });
});

describe('the serve flag', () => {
  test('moves a caller from their bucket on, and not before', async () => {
    rig = await startRig({ serve: 1 });
    for (const user of ['ann', 'bob', 'eve']) {
      await rig.setFlags(1, 0);
      await until(async () => (await explain(rig, { as: user })).flag?.percent === 1, 'the lowest share');
      const low = await explain(rig, { as: user });
      const bucket = low.flag!.strategies[0]!.bucket!;
      expect(bucket).toBeGreaterThan(1);
      expect(low).toMatchObject({
        serve: 'legacy',
        reason: 'serve-flag-off',
        flag: { name: 'notes.serve', cause: 'share-too-small', percent: 1 },
        caller: { kind: 'user', name: user, cause: 'named-by-operator' },
        action: `Raise the share to the caller’s bucket or above: \`ficus serve notes ${bucket}\`.`,
      });
      for (const share of [bucket - 1, bucket]) {
        await rig.setFlags(share, 0);
        await until(async () => (await explain(rig, { as: user })).flag?.percent === share, 'the share');
        const { explanation } = await explainAndSend(rig, { headers: cookie(user) });
        expect(explanation.serve).toBe(share === bucket ? 'candidate' : 'legacy');
      }
    }
  });

  test('on: the caller is moved, and there is nothing to do', async () => {
    rig = await startRig({ serve: 100, shadow: 100 });
    const { explanation } = await explainAndSend(rig, { headers: cookie('ann') });
    expect(explanation).toMatchObject({
      serve: 'candidate',
      reason: 'serve-flag-on',
      action: '',
      shadow: 'legacy',
      flag: { enabled: true, cause: 'on' },
      flags: { provider: 'file', state: 'current' },
      workers: { asked: 1, agree: 1, differ: [], silent: 0 },
    });
  });

  test('below 100 % a caller without a name stays; the explanation says how to be known', async () => {
    rig = await startRig({ serve: 99 });
    const { explanation } = await explainAndSend(rig, {});
    expect(explanation).toMatchObject({
      reason: 'serve-flag-off',
      caller: { kind: 'anonymous', cause: 'no-credentials', source: 'cookie sid' },
      flag: { cause: 'caller-without-name' },
    });
    expect(explanation.action).toContain('--cookie');
  });

  test('with a bucket of their own they have one; asking assigns none', async () => {
    rig = await startRig({ serve: 99, slice: { anonymousBucket: { cookie: 'bucket' } } });
    const known = await explain(rig, { headers: { cookie: 'bucket=1234-5678-abcd' } });
    expect(known.caller).toMatchObject({ kind: 'bucket', cause: 'own-bucket' });
    expect((await explain(rig, {})).caller).toMatchObject({ kind: 'bucket', cause: 'new-bucket' });
  });

  test('without a bucket chance decides: the same answer each time, in words that do not change', async () => {
    rig = await startRig({ serve: 55, slice: { anonymousBucket: { cookie: 'bucket' } } });
    const drawn = new Set<unknown>();
    for (let turn = 0; drawn.size < 2 && turn < 200; turn += 1) {
      const { serve, means, action, chance, flag, workers } = await explain(rig, {});
      drawn.add(serve);
      expect({ means, action, chance, flag, workers }).toMatchObject({
        chance: { candidate: 55, at: 'first-visit' },
        means: expect.stringContaining('they keep their side by it'),
        action: expect.stringContaining('--cookie'),
        flag: { chance: 55, cause: 'chance-once', strategies: [{ bucket: null, byChance: true }] },
        workers: { asked: 1, agree: 1, differ: [] },
      });
      expect(action).not.toContain('ficus serve');
    }
    expect(drawn.size).toBe(2);
    const known = await explain(rig, { headers: { cookie: 'bucket=1234-5678-abcd' } });
    expect(known).toMatchObject({ chance: null, flag: { strategies: [{ byChance: false }] } });
    await rig.setFlags(100, 0);
    await until(async () => (await explain(rig, {})).chance === null, 'all are moved');
    expect((await explainAndSend(rig, {})).explanation).toMatchObject({
      serve: 'candidate',
      flag: { cause: 'on' },
    });
  });

  test('switched off, or missing: it says so, and what switches it on', async () => {
    rig = await startRig({ serve: 0 });
    const { explanation } = await explainAndSend(rig, { headers: cookie('ann') });
    expect(explanation).toMatchObject({ reason: 'serve-flag-off', flag: { cause: 'switched-off' } });
    expect(explanation.action).toContain(`\`ficus serve notes ${explanation.flag!.strategies[0]!.bucket}\``);
    await writeFile(rig.flagsFile, JSON.stringify({ version: 2, features: [] }));
    await until(async () => (await explain(rig, {})).flag?.cause === 'missing', 'the flag is gone');
  });
});

describe('a slice with tables', () => {
  test('after a write its user is pinned, and no other', async () => {
    await startWithTables(100);
    await ask(`${rig.url}/api/notes`, { method: 'POST', headers: cookie('ann') });
    const { explanation } = await explainAndSend(rig, { headers: cookie('ann') });
    expect(explanation).toMatchObject({
      serve: 'legacy',
      reason: 'pinned',
      shadow: null,
      pin: { pinned: true, who: 'caller' },
    });
    expect(explanation.action).toContain('check the stream’s lag');
    expect(await explain(rig, { as: 'ann' })).toMatchObject({ reason: 'pinned' });
    expect(await explain(rig, { as: 'bob' })).toMatchObject({ serve: 'candidate', pin: { pinned: false } });
  });

  test('its writes go to the owner, and would pin: asking does not', async () => {
    await startWithTables(100);
    const write = await explain(rig, { method: 'POST', headers: cookie('ann') });
    expect(write).toMatchObject({
      serve: 'legacy',
      reason: 'owner-writes',
      slice: { kind: 'write', owner: 'legacy', epoch: 1, writes: 'open' },
      pin: { wouldPin: ['notes'] },
      control: 'connected',
    });
    expect(write.action).toContain('writes follow with the cutover');
    expect(await explain(rig, { headers: cookie('ann') })).toMatchObject({ reason: 'serve-flag-on' });
    expect([...rig.legacy.requests, ...rig.candidate.requests]).toEqual([]);
  });

  test('held writes, and the owner after a cutover, are as the control plane says', async () => {
    await startWithTables(0, {
      owner: 'candidate',
      epoch: 3,
      writes: 'held',
      waitMs: 1_500,
      attempt: 4,
      leaseMs: 60_000,
    });
    expect(await explain(rig, { method: 'POST', headers: cookie('ann') })).toMatchObject({
      serve: 'candidate',
      reason: 'owner-writes',
      slice: { owner: 'candidate', epoch: 3, writes: 'held', heldForMs: 1_500 },
    });
  });
});

describe('the candidate’s breaker is open', () => {
  const startBroken = async (onBreakerOpen: string, more: RigOptions = {}) => {
    const url = `http://127.0.0.1:${await refusingPort()}`;
    const candidate = { url, breaker: { failures: 1, openMs: 60_000 } };
    rig = await startRig({ serve: 100, candidate, slice: { onBreakerOpen }, ...more });
    await rig.get('/api/notes', cookie('ann'));
  };

  test('the legacy serves, and says when the next probe goes', async () => {
    await startBroken('legacy');
    const { explanation } = await explainAndSend(rig, { headers: cookie('ann') });
    expect(explanation).toMatchObject({
      serve: 'legacy',
      reason: 'breaker-open',
      candidate: { breaker: 'open' },
    });
    expect(explanation.candidate!.probeInMs).toBeGreaterThan(0);
    expect(explanation.action).toContain('the breaker closes by itself');
  });

  test('its wait is over: the request would be the probe', async () => {
    const url = `http://127.0.0.1:${await refusingPort()}`;
    rig = await startRig({ serve: 100, candidate: { url, breaker: { failures: 1, openMs: 20 } } });
    await rig.get('/api/notes', cookie('ann'));
    const isOver = async () => (await explain(rig, { as: 'ann' })).candidate?.probeInMs === 0;
    await until(isOver, 'the wait is over');
    expect(await explain(rig, { as: 'ann' })).toMatchObject({
      serve: 'candidate',
      reason: 'serve-flag-on',
      candidate: { breaker: 'open', probeInMs: 0 },
    });
  });

  test('with onBreakerOpen: fail, and for a tester, the proxy answers 503', async () => {
    await startBroken('fail', { proxy: { force: { trustedNetworks: ['127.0.0.1/32'] } } });
    const refused = { serve: null, answer: { status: 503, code: 'FICUS_PROXY_BREAKER_OPEN' } };
    expect(await explain(rig, { headers: cookie('ann') })).toMatchObject({
      ...refused,
      reason: 'breaker-open',
    });
    expect((await rig.get('/api/notes', cookie('ann'))).status).toBe(503);
    const force = { headers: { 'x-ficus-force': 'candidate' }, clientAddress: '127.0.0.1' };
    expect(await explain(rig, force)).toMatchObject({ ...refused, reason: 'forced' });
  });
});

test('a preflight says what to ask about instead', async () => {
  rig = await startRig({ serve: 99 });
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
  const { explanation } = await explainAndSend(rig, { method: 'OPTIONS', headers });
  expect(explanation).toMatchObject({
    serve: 'legacy',
    reason: 'preflight',
    preflight: true,
    match: { kind: 'matched', winner: { route: 'add' } },
  });
  expect(explanation.action).toContain('Ask about the request that follows it');
});

test('a tester’s override counts from a trusted network, and is explained where it does not', async () => {
  rig = await startRig({ proxy: { force: { trustedNetworks: ['10.0.0.0/8'] } } });
  const headers = { 'x-ficus-force': 'candidate' };
  expect(await explain(rig, { headers, clientAddress: '10.1.2.3' })).toMatchObject({
    serve: 'candidate',
    reason: 'forced',
    force: { side: 'candidate' },
  });
  const { explanation } = await explainAndSend(rig, { headers, clientAddress: '127.0.0.1' });
  expect(explanation).toMatchObject({ reason: 'serve-flag-off', force: { side: null } });
  expect(explanation.force!.text).toContain('trustedNetworks');
});

test('a request that is refused on arrival is not explained further', async () => {
  rig = await startRig({ serve: 100, proxy: { limits: { targetBytes: 100 } } });
  expect(await explain(rig, { url: `/api/notes?${'x'.repeat(200)}` })).toMatchObject({
    serve: null,
    reason: 'target-too-long',
    path: '/api/notes',
    answer: { status: 414 },
  });
});
