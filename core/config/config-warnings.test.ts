import { expect, test } from 'vitest';
import { formatProblem } from './config-problem.ts';
import { configSchema } from './config-schema.ts';
import { warnAboutConfig } from './config-warnings.ts';

const warningsOf = (identify: object) =>
  warnAboutConfig(
    configSchema.parse({ version: 1, legacy: { url: 'http://127.0.0.1:3000' }, proxy: { identify } }),
  ).map(formatProblem);

const SESSIONS = { session: { cookie: 'sid' } };
const LONG = 'a secret of thirty-two bytes, ok?';

test('a config without weak settings has no warnings', () => {
  expect(warningsOf({})).toEqual([]);
  const jwt = { secret: LONG, issuer: 'https://id.example', audience: 'shop' };
  expect(warningsOf({ user: { jwtClaim: 'sub' }, jwt, assert: { secret: `${LONG} ` } })).toEqual([]);
});

test('one secret for tokens and assertions is named', () => {
  const jwt = { secret: LONG, issuer: 'https://id.example', audience: 'shop' };
  expect(warningsOf({ user: { jwtClaim: 'sub' }, jwt, assert: { secret: LONG } })).toEqual([
    expect.stringMatching(/^proxy\.identify\.assert\.secret: is the secret of jwt/),
  ]);
});

test('trust in every machine, and TLS that checks nothing, are named', () => {
  const tls = { verify: false };
  const config = configSchema.parse({
    version: 1,
    legacy: { url: 'https://legacy.test', tls },
    proxy: {
      trustedProxies: ['0.0.0.0/0'],
      force: { trustedNetworks: ['10.0.0.0/8', '::/0'] },
      identify: { user: { header: 'x-login', trustedFrom: ['128.0.0.0/1'] } },
    },
  });
  expect(warnAboutConfig(config).map(formatProblem)).toEqual([
    expect.stringMatching(/^proxy\.trustedProxies: names nearly every machine \(0\.0\.0\.0\/0\)/),
    expect.stringMatching(/^proxy\.force\.trustedNetworks: .*\(::\/0\)/),
    expect.stringMatching(/^proxy\.identify\.user\.trustedFrom: .*\(128\.0\.0\.0\/1\)/),
    expect.stringMatching(/^legacy\.tls\.verify: is false/),
  ]);
});

test('secrets below the length of the hash are named, in bytes', () => {
  const short = [expect.stringMatching(/^proxy\.identify\.assert\.secret: has 31 bytes; HS256 needs 32/)];
  expect(warningsOf({ assert: { secret: 'x'.repeat(31) } })).toEqual(short);
  expect(warningsOf({ assert: { secret: 'ü'.repeat(16) } })).toEqual([]);
});

test('tokens of any issuer, for any application, are named', () => {
  expect(warningsOf({ jwt: { publicKey: 'PEM' } })).toEqual([
    expect.stringMatching(/^proxy\.identify\.jwt\.issuer: is not set/),
    expect.stringMatching(/^proxy\.identify\.jwt\.audience: is not set/),
  ]);
});

test('a short token of the control plane is named; where other machines can try it, it is an error', () => {
  const control = {
    token: 'eight-or',
    tokens: [{ name: 'a', roles: ['read' as const], token: 'x'.repeat(16) }],
  };
  const config = configSchema.parse({ version: 1, legacy: { url: 'http://127.0.0.1:3000' }, control });
  expect(warnAboutConfig(config).map(formatProblem)).toEqual([
    expect.stringMatching(/^control\.token: has 8 characters/),
  ]);
});

test('credentials in the URL of an upstream are named, without being shown', () => {
  const slices = {
    a: { candidate: { url: 'http://u@127.0.0.1:3001', credentials: [] }, routes: [{ id: 'a', path: '/a' }] },
  };
  const config = configSchema.parse({
    version: 1,
    legacy: { url: 'http://u:hunter2@127.0.0.1:3000' },
    proxy: { identify: SESSIONS },
    slices,
  });
  const warnings = warnAboutConfig(config).map(formatProblem);
  expect(warnings).toEqual([
    expect.stringMatching(/^legacy\.url: holds a user or a password, which is not sent/),
    expect.stringMatching(/^slices\.a\.candidate\.url: holds/),
  ]);
  expect(warnings.join()).not.toContain('hunter2');
});

test.each([
  [
    'flags.unleash.url',
    { flags: { provider: 'unleash', unleash: { url: 'https://u:hunter2@h/api', token: 't' } } },
  ],
  ['proxy.identify.jwt.jwks', { proxy: { identify: { jwt: { jwks: 'https://u:hunter2@h/jwks' } } } }],
])('%s with credentials is an error', (path, part) => {
  const parsed = configSchema.safeParse({ version: 1, legacy: { url: 'http://127.0.0.1:3000' }, ...part });
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  expect(problems).toEqual([
    expect.stringMatching(new RegExp(`^${path}: must not hold a user or a password`)),
  ]);
});

test('a candidate that cannot know its callers is named, unless the config says that it need not', () => {
  const of = (candidate: object, identify: object = {}) =>
    warnAboutConfig(
      configSchema.parse({
        version: 1,
        flags: { provider: 'file', file: 'flags.json' },
        legacy: { url: 'http://127.0.0.1:3000' },
        proxy: { identify: { ...SESSIONS, ...identify } },
        slices: {
          notes: {
            candidate: { url: 'http://127.0.0.1:3001', ...candidate },
            routes: [{ id: 'a', path: '/a' }],
          },
        },
      }),
    ).map(formatProblem);
  expect(of({})).toEqual([expect.stringMatching(/^slices\.notes\.candidate\.credentials: is not set/)]);
  expect(of({ credentials: [] })).toEqual([]);
  expect(of({ credentials: ['session'] })).toEqual([]);
  expect(of({}, { assert: { secret: LONG } })).toEqual([]);
});

test('callers who cannot be identified are named, where a slice has no buckets for them', () => {
  const slice = (more: object = {}) => ({
    candidate: { url: 'http://127.0.0.1:3001', credentials: [] },
    routes: [{ id: 'a', path: '/a' }],
    ...more,
  });
  const of = (identify: object, slices: object) =>
    warnAboutConfig(
      configSchema.parse({
        version: 1,
        flags: { provider: 'file', file: 'flags.json' },
        legacy: { url: 'http://127.0.0.1:3000' },
        proxy: { identify },
        slices,
      }),
    ).map(formatProblem);
  const both = { notes: slice(), news: slice({ anonymousBucket: {} }) };
  expect(of({}, both)).toEqual([
    expect.stringMatching(/^proxy\.identify: names neither user nor session.+ \(notes\)\. Name one/),
  ]);
  expect(of({ tenant: { header: 'x-tenant' } }, both)).toHaveLength(1);
  expect(of({}, { news: slice({ anonymousBucket: {} }) })).toEqual([]);
  expect(of({ user: { cookie: 'sid' } }, both)).toEqual([]);
  expect(of({ session: { cookie: 'sid' } }, both)).toEqual([]);
});

test('listeners that other machines reach without TLS are named; the proxy’s own is public', () => {
  const of = (proxy: object, control?: object) =>
    warnAboutConfig(
      configSchema.parse({ version: 1, legacy: { url: 'http://127.0.0.1:3000' }, proxy, control }),
    ).map(({ path }) => path.join('.'));
  const token = 'x'.repeat(16);
  const tls = { cert: 'c', key: 'k' };
  expect(of({ listen: '0.0.0.0:80', admin: '127.0.0.1:1' }, { listen: '[::1]:8081' })).toEqual([]);
  expect(of({ admin: '0.0.0.0:9' })).toEqual(['proxy.admin']);
  expect(of({}, { listen: '10.0.0.5:8081', token })).toEqual(['control.listen']);
  expect(of({}, { listen: '10.0.0.5:8081', token, tls })).toEqual([]);
  expect(of({}, { url: 'https://10.0.0.5:8081', token })).toEqual([]);
  expect(of({}, { url: 'http://10.0.0.5:8081', token })).toEqual(['control.url']);
});

test('a guard on evidence of any build is named, unless the candidate has a version', () => {
  const of = (candidate: object, guards: object = { parity: {} }) =>
    warnAboutConfig(
      configSchema.parse({
        version: 1,
        flags: { provider: 'file', file: 'flags.json' },
        legacy: { url: 'http://127.0.0.1:3000' },
        proxy: { identify: SESSIONS },
        slices: {
          notes: {
            candidate: { url: 'http://127.0.0.1:3001', credentials: [], ...candidate },
            routes: [{ id: 'a', path: '/a' }],
            guards,
          },
        },
      }),
    ).map(formatProblem);
  expect(of({})).toEqual([
    expect.stringMatching(/^slices\.notes\.guards\.parity: counts comparisons with every build/),
  ]);
  expect(of({}, {})).toEqual([]);
  expect(of({ version: 'v1' })).toEqual([]);
  expect(of({ versionHeader: 'x-version' })).toEqual([]);
});
