/**
 * The same request asked again, with only a config: as the proxy would have asked it, for the caller that it verified.
 */
import { configSchema, type FicusConfigInput, type Observation } from '@ficus/core';
import { type OpenedAsker, openAsker } from '@ficus/proxy';
import { afterEach, expect, test } from 'vitest';
import { anObservation } from '../../../control/parity/observation.fixture.ts';
import { type Backend, startBackend } from './rig.ts';

const SECRET = 'a-secret-of-sixteen-or-more';
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

interface Asked {
  readonly asker: OpenedAsker;
  readonly legacy: Backend;
  readonly candidate: Backend;
}

interface Change {
  readonly candidate?: (url: string) => Record<string, unknown>;
  readonly route?: Record<string, unknown>;
  readonly proxy?: FicusConfigInput['proxy'];
}

async function open({ candidate: place, route, proxy }: Change = {}): Promise<Asked> {
  const [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  const config = configSchema.parse({
    version: 1,
    flags: { provider: 'file', file: 'flags.json' },
    proxy: proxy ?? {},
    legacy: { url: legacy.url },
    slices: {
      notes: {
        candidate: place?.(candidate.url) ?? { url: candidate.url },
        routes: [{ id: 'list', path: '/api/notes/*', ...route }],
      },
    },
  });
  const asker = openAsker(config);
  opened.push(legacy, candidate, asker);
  return { asker, legacy, candidate };
}

const ask = (over: Partial<Observation>): Observation => anObservation({ target: '/api/notes/1', ...over });

test('targets go out as the proxy sent them, behind the base path of the upstream', async () => {
  const { asker, candidate } = await open({ candidate: (url) => ({ url: `${url}/base/` }) });
  const targets = { legacy: '/api/notes/%2e%2e/1', candidate: '/v2/1' };
  expect(await asker.ask('candidate', ask({ targets }))).toMatchObject({ status: 200 });
  expect(candidate.requests[0]!.url).toBe('/base/v2/1');
});

test('a target rewritten differently from the config is refused', async () => {
  const route = { rewrite: { stripPrefix: '/api', addPrefix: '/v2' } };
  const { asker } = await open({ route });
  // The raw path spells its prefix differently: the proxy sends the canonical form.
  const target = '/%61pi/notes/1';
  const targets = { legacy: target, candidate: '/v2/notes/1' };
  expect(asker.refusal(ask({ target, targets }))).toBeUndefined();
  expect(asker.refusal(ask({ target }))).toBe('target-not-as-rewritten');
  expect(asker.refusal(ask({ target: '/internal/everything' }))).toBe('target-off-route');
  expect(asker.refusal(ask({ method: 'DELETE', target, targets }))).toBe('target-off-route');
  expect(asker.refusal(ask({ slice: 'other' }))).toBe('slice-unknown');
  expect(asker.refusal(ask({ route: 'other' }))).toBe('route-unknown');
});

test('connects to the addresses that the config names, under the name of the URL', async () => {
  const { asker, candidate } = await open({
    candidate: (url) => ({ url: 'http://nowhere.invalid/', addresses: [url.replace('http://', '')] }),
  });
  expect(await asker.ask('candidate', ask({}))).toMatchObject({ status: 200 });
  expect(candidate.requests[0]!.headers.host).toBe('nowhere.invalid');
});

test('the route’s fields reach only the candidate; both sides see the mark', async () => {
  const requestHeaders = { set: { 'x-channel': 'web' }, remove: ['x-legacy-token'] };
  const { asker, legacy, candidate } = await open({ route: { rewrite: { requestHeaders } } });
  const asked = ask({
    requestHeaders: [
      ['Host', 'shop.example'],
      ['X-Legacy-Token', 't'],
      ['X-Channel', 'mine'],
      ['Connection', 'close'],
      ['X-Ficus-Force', 'candidate'],
    ],
  });
  await asker.ask('legacy', asked);
  await asker.ask('candidate', asked);
  const [toLegacy, toCandidate] = [legacy.requests[0]!.headers, candidate.requests[0]!.headers];
  expect(toLegacy).toEqual({
    host: 'shop.example',
    'x-legacy-token': 't',
    'x-channel': 'mine',
    'x-ficus-shadow': '1',
    via: '1.1 ficus',
  });
  expect(toCandidate).toEqual({
    host: 'shop.example',
    'x-channel': 'web',
    'x-ficus-shadow': '1',
    via: '1.1 ficus',
  });
});

const jwt = (claims: object) =>
  ['{"alg":"HS256"}', JSON.stringify(claims), 'forged']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
const claimsOf = (token: unknown) =>
  JSON.parse(Buffer.from(String(token).split('.')[1]!, 'base64url').toString());

test('the caller is the one that the proxy verified, never one from a field', async () => {
  const identify = { user: { jwtClaim: 'sub' }, jwt: { secret: SECRET }, assert: { secret: SECRET } };
  const { asker, legacy, candidate } = await open({ proxy: { identify } });
  const requestHeaders = [
    ['Authorization', `Bearer ${jwt({ sub: 'admin' })}`],
    ['X-Ficus-Identity', jwt({ sub: 'admin' })],
    ['X_Ficus_Identity', jwt({ sub: 'admin' })],
  ] as const;
  await asker.ask('candidate', ask({ requestHeaders }));
  expect(candidate.requests[0]!.headers['x-ficus-identity']).toBeUndefined();
  expect(candidate.requests[0]!.rawHeaders.join()).not.toContain('X_Ficus');

  const caller = { user: 'ann', tenant: 'blue' };
  await asker.ask('candidate', ask({ requestHeaders, caller }));
  const claims = claimsOf(candidate.requests[1]!.headers['x-ficus-identity']);
  expect(claims).toMatchObject({ iss: 'ficus', aud: 'notes', sub: 'ann', tenant: 'blue' });
  await asker.ask('legacy', ask({ requestHeaders, caller }));
  expect(legacy.requests[0]!.headers['x-ficus-identity']).toBeUndefined();
});

test('a side that gives no answer in time is an answer too', async () => {
  const { asker, candidate } = await open({ proxy: { shadow: { timeoutMs: 100 } } });
  candidate.handler = () => {};
  expect(await asker.ask('candidate', ask({}))).toMatchObject({
    failed: expect.stringContaining('timed-out'),
  });
});
