import { describe, expect, test } from 'vitest';
import { formatPath, formatProblem } from './config-problem.ts';
import { parseConfig } from './parse-config.ts';

const minimal = { version: 1, legacy: { url: 'http://127.0.0.1:3000' } };

function problemsOf(document: unknown, environment: Record<string, string> = {}): string[] {
  const parsed = parseConfig(document, environment);
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

describe('parseConfig', () => {
  test('a monolith’s URL is enough', () => {
    const parsed = parseConfig(minimal, {});
    expect(parsed.ok && parsed.config.proxy.listen).toBe('127.0.0.1:8080');
  });

  test('the rest of a text with a comma in { … } is recognised', () => {
    const writers = [{ user: 'nightly', via: 'other', reason: 'a cleanup', 'moves with the cutover': null }];
    const notes = { candidate: { url: 'http://127.0.0.1:1' }, routes: [{ id: 'a', path: '/a' }], writers };
    expect(problemsOf({ ...minimal, slices: { notes } })).toContain(
      'slices.notes.writers[0].moves with the cutover: is not a known key: in { … } a text with a comma needs quotes',
    );
  });

  test('all problems are reported with their paths, including those that span areas', () => {
    const problems = problemsOf({
      version: 1,
      legacy: { url: 'ftp://nowhere' },
      proxy: { listen: 'somewhere', wrokers: 2 },
      flags: { provider: 'file' },
      slices: {
        orders: {
          candidate: { url: 'http://127.0.0.1:3102' },
          routes: [
            { id: 'list', path: '/api/orders' },
            { id: 'list', path: 'api/orders' },
          ],
          tables: [{ from: 'orders', to: 'orders' }],
          parity: { ignore: [{ route: 'nope', path: '$.x', reason: 'clock' }] },
        },
      },
    });
    expect(problems).toHaveLength(10);
    for (const path of [
      'legacy.url',
      'proxy.listen',
      'proxy.wrokers',
      'flags.file',
      'slices.orders.routes[1].path',
      'slices.orders.routes[1].id',
      'slices.orders.candidate.database',
      'slices.orders.parity.ignore[0].route',
      'legacy.database',
      'control.database',
    ]) {
      expect(problems.filter((problem) => problem.startsWith(`${path}: `))).toHaveLength(1);
    }
  });

  test('a claim needs one kind of key, and addresses are addresses', () => {
    const identify = (jwt?: object) => ({ identify: { user: { jwtClaim: 'sub' }, ...(jwt && { jwt }) } });
    const of = (proxy: object, legacy: object = {}) =>
      problemsOf({ version: 1, proxy, legacy: { ...minimal.legacy, ...legacy } });
    expect(of(identify())).toEqual([expect.stringMatching(/^proxy\.identify\.jwt: is required/)]);
    expect(of(identify({}))).toEqual([expect.stringMatching(/^proxy\.identify\.jwt: name exactly one/)]);
    expect(of(identify({ secret: 'a secret that is long', jwks: 'https://id/jwks' }))).toHaveLength(1);
    expect(of(identify({ jwks: 'https://id/jwks', issuer: 'https://id' }))).toEqual([]);
    expect(of({}, { addresses: ['10.0.0.1', '10.0.0.1:81', '::1', '[::1]:8080'] })).toEqual([]);
    for (const wrong of [
      'shop',
      'shop:80',
      '10.0.0.1:0',
      '10.0.0.1:99999',
      '[10.0.0.1]:80',
      '::1]:80',
      '10.0.0:1',
    ]) {
      expect(of({}, { addresses: [wrong] })).toEqual([
        expect.stringMatching(/^legacy\.addresses\[0\]: must/),
      ]);
    }
  });

  test('two slices whose streams would have the same names are refused, if both have tables', () => {
    const long = 'a-name-of-more-than-thirty-six-letters';
    const of = (names: readonly string[], tables: object[] = [{ from: 'orders', to: 'orders' }]) => {
      const candidate = { url: 'http://127.0.0.1:3102', database: 'postgres://db/orders' };
      const slice = { candidate, routes: [{ id: 'list', path: '/api/orders' }], tables };
      const slices = Object.fromEntries(names.map((name) => [name, slice]));
      const database = 'postgres://db/shop';
      return problemsOf({
        ...minimal,
        legacy: { ...minimal.legacy, database },
        control: { database },
        slices,
      });
    };
    for (const names of [
      ['orders', 'orders-back'],
      ['orders-back', 'orders'],
    ])
      expect(of(names)).toEqual([
        'slices.orders-back: its publication and slots would be called “ficus_orders_back…” as those of the way back of slice “orders”: give one of the two another name',
      ]);
    expect(of([`${long}-1`, `${long}-2`])).toEqual([
      expect.stringMatching(`^slices.${long}-2: .* of slice “${long}-1”:`),
    ]);
    expect(of(['orders', 'orders-backlog', 'back'])).toEqual([]);
    expect(of(['orders', 'orders-back'], [])).toEqual([]);
  });

  test('a value that would end its line, or that no header can hold, is refused at its path', () => {
    const of = (value: string) =>
      problemsOf({
        ...minimal,
        flags: { provider: 'file', file: 'flags.json' },
        slices: {
          a: {
            candidate: { url: 'http://a' },
            routes: [{ id: 'r', path: '/x', rewrite: { requestHeaders: { set: { 'x-a': value } } } }],
          },
        },
      });
    for (const good of ['', 'a', 'a b\tc', 'ü', '"{}"']) expect(of(good)).toEqual([]);
    for (const wrong of ['a\r\nX-Evil: 1', 'a\n', '\0', ' a', 'a ', '\u20ac', '\x7f'])
      expect(of(wrong)).toEqual([
        expect.stringMatching(
          /^slices\.a\.routes\[0\]\.rewrite\.requestHeaders\.set\.x-a: must be the value/,
        ),
      ]);
  });

  test.each([[undefined], [null], ['text'], [[]], [42]])('%j is refused without an exception', (document) => {
    expect(problemsOf(document).length).toBeGreaterThan(0);
  });

  test('kinds default by method', () => {
    const route = (methods?: string[]) => ({
      id: `r${methods?.join('') ?? ''}`.toLowerCase(),
      path: '/x',
      ...(methods && { methods }),
    });
    const parsed = parseConfig(
      {
        ...minimal,
        flags: { provider: 'file', file: 'flags.json' },
        slices: {
          a: {
            candidate: { url: 'http://127.0.0.1:1' },
            routes: [route(), route(['POST']), route(['GET', 'PUT'])],
          },
        },
      },
      {},
    );
    expect(parsed.ok && parsed.config.slices.a?.routes.map((r) => r.kind)).toEqual([
      'read',
      'write',
      'write',
    ]);
  });

  describe('environment', () => {
    const withUrl = (url: string) => ({ version: 1, legacy: { url } });

    test('names and defaults are filled in', () => {
      const parsed = parseConfig(withUrl('http://${HOST}:${PORT:-3000}'), { HOST: 'shop' });
      expect(parsed.ok && parsed.config.legacy.url).toBe('http://shop:3000');
    });

    test('an unset name is one problem at its path, not two', () => {
      expect(problemsOf(withUrl('${NOPE}'))).toEqual([
        'legacy.url: the environment variable NOPE is not set',
      ]);
    });
  });
});

test.each([
  [{ version: 2 }, 'version: must be 1'],
  [{ proxy: { workers: -1 } }, 'proxy.workers: must be at least 1'],
  [{ proxy: { identify: { user: { cookie: '' } } } }, 'proxy.identify.user.cookie: must not be empty'],
  [{ flags: { provider: 'redis' } }, 'flags.provider: must be one of builtin, file, unleash'],
  [
    { legacy: { url: 'http://x', timeouts: { connectMs: 0 } } },
    'legacy.timeouts.connectMs: must be more than 0',
  ],
  [
    { slices: { a: { candidate: { url: 'http://x' }, guards: { parity: { min: 2 } } } } },
    'slices.a.guards.parity.min: must be at most 1',
  ],
])('a value out of bounds is reported in plain words: %j', (document, problem) => {
  expect(problemsOf(document)).toContain(problem);
});

test.each(['errors', 'latency'])('guards.%s is refused until there is a guard for it', (guard) => {
  const document = { slices: { a: { candidate: { url: 'http://x' }, guards: { [guard]: {} } } } };
  expect(problemsOf(document)).toContain(
    `slices.a.guards.${guard}: is not supported by this version, so it would hold nothing back; remove the key until it is`,
  );
});

test.each([
  ['off', 'off'],
  ['shapes', 'shapes'],
  [{ allow: ['$.order.state', 'header.x-build', 'query.page', 'path.id', 'body'] }, undefined],
  ['all', 'slices.s.parity.samples'],
  [{ allow: ['state'] }, 'slices.s.parity.samples.allow[0]'],
  [{ alow: [] }, 'slices.s.parity.samples'],
])('parity.samples: %j', (samples, expected) => {
  const parsed = parseConfig(
    {
      version: 1,
      flags: { provider: 'file', file: 'flags.json' },
      legacy: { url: 'http://127.0.0.1:1' },
      slices: {
        s: {
          candidate: { url: 'http://127.0.0.1:2' },
          routes: [{ id: 'a', path: '/a' }],
          parity: { samples },
        },
      },
    },
    {},
  );
  if (parsed.ok) expect(parsed.config.slices.s?.parity.samples).toEqual(expected ?? samples);
  else expect(parsed.problems.map(({ path }) => formatPath(path))).toEqual([expected]);
});

test('a route that no request can match is refused at its place, with what to write', () => {
  const problems = problemsOf({
    ...minimal,
    flags: { provider: 'file', file: 'flags.json' },
    slices: {
      s: {
        candidate: { url: 'http://127.0.0.1:2' },
        routes: [{ id: 'a', methods: ['GET', 'TRACE', 'GET'], host: 'shop.test:80', path: '/a//b' }],
        writtenBy: [{ path: '/c?d' }],
        tables: [{ from: 'a', to: 'a' }],
      },
    },
  });
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^slices\.s\.routes\[0\]\.path: .* Write \/a\/b$/),
      expect.stringMatching(/^slices\.s\.routes\[0\]\.host: .* Write shop\.test$/),
      expect.stringMatching(/^slices\.s\.routes\[0\]\.methods\[1\]: .* does not serve TRACE/),
      'slices.s.routes[0].methods: names GET twice',
      expect.stringMatching(/^slices\.s\.writtenBy\[0\]\.path: .* Write \/c$/),
    ]),
  );
});
