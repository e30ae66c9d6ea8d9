import { describe, expect, test } from 'vitest';
import { type ProposalContext, proposeSlices } from './propose-slices.ts';
import { sessionScheme, whoCallsPath } from './who-calls.ts';

const AT: ProposalContext = { legacyUrl: 'http://127.0.0.1:3000' };
const operation = (operationId?: string, ...tags: string[]) => ({
  ...(operationId && { operationId }),
  ...(tags.length > 0 && { tags }),
});
const document = (paths: Record<string, unknown>, more: object = {}) => ({
  openapi: '3.1.0',
  paths,
  ...more,
});
/** `slice/route METHOD path` of each route. */
const routesOf = (content: unknown, context = AT) =>
  proposeSlices(content, context).slices.flatMap(({ name, routes }) =>
    routes.map(({ id, methods, path, kind }) => `${name}/${id} ${methods} ${path}${kind ? ` ${kind}` : ''}`),
  );

describe('names', () => {
  test('slices by tags, routes by operationIds, as the config allows them', () => {
    const paths = {
      '/api/orders': {
        get: operation('listOrders', 'Order Items'),
        post: operation('Orders_create', 'order-items'),
      },
      '/api/orders/{id}': { get: operation('getHTTPOrder', 'Order Items'), parameters: [] },
      '/a': { get: operation('7 Zwerge!', 'Bücher'), delete: operation('订单', 'Bücher') },
    };
    expect(routesOf(document(paths))).toEqual([
      'bucher/7-zwerge GET /a',
      'bucher/delete-a DELETE /a write',
      'order-items/list-orders GET /api/orders',
      'order-items/orders-create POST /api/orders write',
      'order-items/get-http-order GET /api/orders/:id',
    ]);
  });

  test('without them, by the path; a tag that says nothing is none', () => {
    const paths = {
      '/api/v1/orders': { get: {}, post: operation(undefined, 'default') },
      '/api/v1/orders/{id}': { get: operation(undefined, '订单') },
    };
    expect(routesOf(document(paths))).toEqual([
      'orders/get-orders GET /api/v1/orders',
      'orders/post-orders POST /api/v1/orders write',
      'orders/get-orders-id GET /api/v1/orders/:id',
    ]);
  });

  test('are unique in their slice', () => {
    const paths = { '/x/a': { get: operation('show') }, '/x/b': { get: operation('Show') } };
    expect(routesOf(document(paths))).toEqual(['x/show GET /x/a', 'x/show-2 GET /x/b']);
  });
});

describe('where an operation is', () => {
  test.each<[string, object, string, string | undefined, string[]]>([
    ['the server’s path', { servers: [{ url: 'https://shop.example/v2/' }] }, '', undefined, ['/v2/x']],
    ['Swagger’s basePath', { openapi: undefined, swagger: '2.0', basePath: '/v1' }, '', undefined, ['/v1/x']],
    [
      'a server with variables',
      {
        servers: [
          { url: '{scheme}://h/{base}', variables: { scheme: { default: 'http' }, base: { default: 'b' } } },
        ],
      },
      '',
      undefined,
      ['/b/x'],
    ],
    [
      'a server relative to the document',
      { servers: [{ url: 'v3' }] },
      '',
      'http://h/docs/openapi.json',
      ['/docs/v3/x'],
    ],
    [
      'the monolith’s own path is left out',
      { servers: [{ url: '/shop/api' }] },
      '/shop',
      undefined,
      ['/api/x'],
    ],
    ['a document without servers begins there', {}, '/shop', undefined, ['/x']],
    ['outside of it there is nothing', { servers: [{ url: '/other' }] }, '/shop', undefined, []],
  ])('%s', (_, more, base, source, expected) => {
    const context = { legacyUrl: `http://127.0.0.1:3000${base}`, source };
    const { slices } = proposeSlices(document({ '/x': { get: operation('a', 't') } }, more), context);
    expect(slices.flatMap(({ routes }) => routes.map(({ path }) => path))).toEqual(expected);
  });

  test('behind references', () => {
    const more = {
      components: { pathItems: { 'a/b': { get: { $ref: '#/x-operations/one' } } } },
      'x-operations': { one: operation('one', 't') },
    };
    const paths = {
      '/here': { $ref: '#/components/pathItems/a~1b' },
      '/there': { $ref: 'other.yaml#/x' },
      '/circle': { $ref: '#/paths/~1circle' },
      '/null': null,
    };
    expect(routesOf(document(paths, more))).toEqual(['t/one GET /here']);
    expect(proposeSlices(document(paths, more), AT).leftOut).toEqual([
      { what: '/there', why: 'refers to something outside the document' },
      { what: '/circle', why: 'refers to something outside the document' },
    ]);
  });
});

describe('paths', () => {
  test.each([
    ['/a/{id}/b/{id}', '/a/:id/b/:id2'],
    ['/a/{order-id}', '/a/:order_id'],
    ['/a/{name}.json', '/a/:name.json'],
    ['/a/{from}-{to}', '/a/:from-:to'],
    ['/a/v{major}', '/a/v:major'],
    ['/a/{path*}', '/a/*'],
    ['/a/{proxy+}', '/a/*'],
    ['/a/items:batch', '/a/items::batch'],
  ])('%s is %s', (path, expected) => {
    expect(routesOf(document({ [path]: { get: operation('x', 't') } }))).toEqual([`t/x GET ${expected}`]);
  });

  test.each([
    ['/a/{id}:cancel', 'GET /a/{id}:cancel', /no pattern of a route is like “{id}:cancel”/],
    ['/healthz', 'GET /healthz', /about the process/],
    ['/a/{x}{y}', 'GET /a/{x}{y}', /no pattern/],
    ['/a/{path*}/b', 'GET /a/{path*}/b', /no pattern/],
    ['/a/*', 'GET /a/*', /no pattern/],
    ['/a//b', 'GET /a//b', /doubled slashes/],
    ['/a?x=1', 'GET /a?x=1', /query/],
    ['/{x}', 'GET /{x}', /neither its tag nor its path/],
    ['/a/\u001b[2J', 'GET /a/\u001b[2J', /cannot be written/],
  ])('%s is left out, and named', (path, what, why) => {
    const { slices, leftOut } = proposeSlices(document({ [path]: { get: {} } }), AT);
    expect(slices).toEqual([]);
    expect(leftOut).toEqual([{ what, why: expect.stringMatching(why) }]);
  });

  test('of two that match the same requests, one stays', () => {
    const paths = { '/a/{x}': { get: {} }, '/a/{y}': { get: {} }, '/A/{z}': { get: {} } };
    expect(proposeSlices(document(paths), AT).leftOut).toHaveLength(1);
    const context = { ...AT, paths: { ignoreCase: true, ignoreTrailingSlash: false } };
    expect(proposeSlices(document(paths), context).leftOut).toHaveLength(2);
    expect(routesOf(document(paths), context)).toEqual(['a/get-a-x GET /a/:x']);
  });

  test('of methods that the proxy does not serve are left out', () => {
    expect(proposeSlices(document({ '/a': { trace: {} } }), AT).leftOut[0]?.why).toMatch(/TRACE/);
  });
});

describe('who calls, as the document says it', () => {
  const schemes = (securitySchemes: unknown) => ({ components: { securitySchemes } });
  test.each([
    [schemes({ s: { type: 'apiKey', in: 'cookie', name: 'sid' } }), 'sid'],
    [
      schemes({
        r: { $ref: '#/components/securitySchemes/s' },
        s: { in: 'cookie', type: 'apiKey', name: 'a' },
      }),
      'a',
    ],
    [schemes({ s: { type: 'apiKey', in: 'header', name: 'x-key' } }), undefined],
    [schemes({ s: { type: 'apiKey', in: 'cookie', name: '${HOME} x' } }), undefined],
    [{ components: null }, undefined],
  ])('%j', (more, name) => {
    expect(sessionScheme(document({}, more))).toBe(name);
  });

  test.each([
    [{ '/api/me': { get: {} } }, '/api/me'],
    [{ '/me': { post: {} }, '/internal/whoami': { get: {} } }, '/internal/whoami'],
    [{ '/orders/{id}/me': { get: {} }, '/home': { get: {} } }, undefined],
  ])('%j', (paths, path) => {
    expect(whoCallsPath(document(paths), AT)).toBe(path);
  });
});

test.each([null, 'text', {}, { openapi: '3.0.0' }, { openapi: '3.0.0', paths: { '/x': null, 'x-y': 1 } }])(
  '%j gives no proposals',
  (content) => {
    expect(proposeSlices(content, AT)).toEqual({ slices: [], leftOut: [] });
  },
);
