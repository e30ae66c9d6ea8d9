/** What `ficus init` finds out by asking real servers, and how politely it asks. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Note } from '../../../../cli/init/probe/note.ts';
import { MOST_REQUESTS, PoliteClient } from '../../../../cli/init/probe/polite-client.ts';
import { type LegacyFacts, probeLegacy } from '../../../../cli/init/probe/probe-legacy.ts';
import { refusingPort } from '../../../parts/refusing-port.ts';
import {
  endServers,
  html,
  json,
  loosePages,
  type Monolith,
  pages,
  redirect,
  serve,
  serveTcp,
  serveTls,
} from './servers.ts';

afterEach(endServers);

const PROXY = '127.0.0.1:8080';

async function probe(
  url: string,
  more: { answerMs?: number; document?: unknown } = {},
): Promise<{ facts: LegacyFacts; says: string; attention: string }> {
  const notes: Note[] = [];
  const facts = await probeLegacy(
    { url: new URL(url), proxyHost: PROXY, userAgent: 'ficus-init/test', ...more },
    (note) => notes.push(note),
  );
  const texts = (kind: Note['kind']) =>
    notes.flatMap((note) => (note.kind === kind ? note.text : [])).join('\n');
  return { facts, says: texts('found'), attention: texts('attention') };
}

function expectPolite({ asked }: Monolith): void {
  expect(asked.length).toBeLessThanOrEqual(MOST_REQUESTS);
  expect([...new Set(asked.map(({ method }) => method))]).toEqual(['GET']);
  expect([...new Set(asked.map(({ agent }) => agent))]).toEqual(['ficus-init/test']);
}

const SESSION = { 'set-cookie': ['theme=dark', 'connect.sid=s%3Axyz; Path=/; HttpOnly'] };
const DOCUMENT = { openapi: '3.0.3', paths: { '/api/orders': { get: { operationId: 'list' } } } };

describe('a monolith that is there', () => {
  test('on Express: session, document, spellings, health', async () => {
    const shop = await serve(
      loosePages({
        '/': redirect('/login'),
        '/login': html('<title>Shop</title>', { ...SESSION, 'x-powered-by': 'Express', server: 'nginx' }),
        '/api-docs': json(DOCUMENT),
        '/api/orders': json([], {}, 401),
        '/healthz': json({ ok: true }),
      }),
    );
    const { facts, says, attention } = await probe(shop.url);
    expect(facts).toEqual({
      session: { name: 'connect.sid', why: 'its name is that of Express' },
      openApi: { url: `${shop.url}/api-docs`, document: DOCUMENT },
      paths: { path: '/api/orders', ignoreCase: true, ignoreTrailingSlash: true },
      health: '/healthz',
    });
    expect(says).toContain('answers: 200, HTML, Server: nginx, X-Powered-By: Express');
    expect(attention).toBe('');
    expectPolite(shop);
  });

  test('with PHP: a session that begins at the login, exact paths, no document', async () => {
    const shop = await serve(
      pages({
        '/shop/': html('<a href="/elsewhere">x</a><a class="b" href="/shop/products">y</a>'),
        '/shop/products': html('<title>Products</title>'),
        '/shop/login': html('', { 'set-cookie': 'PHPSESSID=1; path=/' }),
      }),
    );
    const { facts, attention } = await probe(`${shop.url}/shop`);
    expect(facts).toEqual({ session: { name: 'PHPSESSID', why: 'its name is that of PHP' } });
    expect(attention).toContain('--openapi names its file or URL');
    expect(shop.asked.map(({ url }) => url)).toEqual(
      expect.arrayContaining(['/shop/PRODUCTS', '/shop/products/']),
    );
    expectPolite(shop);
  });

  test('whose session begins at its API', async () => {
    const shop = await serve(
      pages({
        '/': html('<title>Shop</title>'),
        '/openapi.json': json(DOCUMENT),
        '/api/orders': json({}, { 'set-cookie': 'unleash-session=x; HttpOnly' }, 401),
      }),
    );
    expect((await probe(shop.url)).facts.session?.name).toBe('unleash-session');
    expect(shop.asked.filter(({ url }) => url === '/login')).toEqual([]);
  });

  test('that answers JSON, with a document in YAML and a slash that counts', async () => {
    const shop = await serve(
      pages({
        '/': json({ name: 'shop' }),
        '/openapi.yaml': (_, response) =>
          response.end('openapi: 3.1.0\npaths:\n  /api/orders: { get: {} }\n'),
        '/api/orders': json([]),
        '/API/ORDERS': json([]),
        '/api/orders/': redirect('/api/orders', {}, 301),
      }),
    );
    const { facts, says } = await probe(shop.url);
    expect(facts.openApi?.url).toBe(`${shop.url}/openapi.yaml`);
    expect(facts.paths).toMatchObject({ ignoreCase: true, ignoreTrailingSlash: false });
    expect(says).toContain('200, JSON');
    expect(says).toContain('/api/orders is answered alike in any case: proposed');
  });

  test('as one page that answers everything: nothing is concluded from it', async () => {
    const shop = await serve(html('<title>App</title><a href="/x">x</a>'));
    const { facts } = await probe(shop.url);
    expect(facts).toEqual({});
    expectPolite(shop);
  });

  test('with a document that was given: none is looked for', async () => {
    const shop = await serve(loosePages({ '/api/orders': json([]) }));
    const { facts } = await probe(shop.url, { document: DOCUMENT });
    expect(facts.paths?.path).toBe('/api/orders');
    expect(shop.asked.filter(({ url }) => url.includes('openapi'))).toEqual([]);
  });

  test('with an endless page: it is read to its bound', async () => {
    const shop = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', ...SESSION });
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    expect((await probe(shop.url)).facts.session?.name).toBe('connect.sid');
  });

  test('that stops answering is not waited for again and again', async () => {
    const shop = await serve((request, response) => {
      if (request.url === '/') html('', SESSION)(request, response);
    });
    const { facts } = await probe(shop.url, { answerMs: 1_500 });
    expect(facts).toEqual({ session: { name: 'connect.sid', why: 'its name is that of Express' } });
    expect(shop.asked.map(({ url }) => url)).toHaveLength(4);
  });
});

test('no server gets more than its number of requests', async () => {
  const shop = await serve(html('shop'));
  const client = new PoliteClient('ficus-init/test');
  for (let sent = 0; sent < MOST_REQUESTS; sent += 1)
    expect(await client.get(new URL(shop.url))).toMatchObject({ ok: true });
  expect(await client.get(new URL(shop.url))).toEqual({ ok: false, error: 'spent' });
  expectPolite(shop);
});

describe('a monolith that asks for more than a path', () => {
  test('a Host of its own', async () => {
    const shop = await serve((request, response) =>
      request.headers.host?.startsWith('127.0.0.1:') && request.headers.host !== PROXY
        ? html('<title>Shop</title>')(request, response)
        : html('Bad Request', {}, 400)(request, response),
    );
    const { facts, attention } = await probe(shop.url);
    expect(facts.host?.name).toBe(`127.0.0.1:${shop.port}`);
    expect(attention).toContain(
      `(400) to requests for the proxy’s own host, ${PROXY}: proposed as legacy.host`,
    );
  });

  test('another Host, to which it redirects', async () => {
    const shop = await serve((request, response) =>
      request.headers.host === 'www.shop.example'
        ? html('<title>Shop</title>', SESSION)(request, response)
        : redirect('http://www.shop.example/')(request, response),
    );
    const { facts, attention } = await probe(shop.url);
    expect(facts.host?.name).toBe('www.shop.example');
    expect(facts.session?.name).toBe('connect.sid');
    expect(attention).toContain(
      'It redirects to www.shop.example unless that is the Host: proposed as legacy.host',
    );
    expectPolite(shop);
  });

  test('another host: it is named, and not asked', async () => {
    const other = await serve(html('other'));
    const shop = await serve(redirect(`http://localhost:${other.port}/`));
    const { attention } = await probe(shop.url);
    expect(attention).toContain(
      `It redirects to another host, http://localhost:${other.port}, which was not asked`,
    );
    expect(other.asked).toEqual([]);
  });

  test('https, of which X-Forwarded-Proto convinces it', async () => {
    const shop = await serve((request, response) =>
      request.headers['x-forwarded-proto'] === 'https'
        ? html('<title>Shop</title>', SESSION)(request, response)
        : redirect(`https://${request.headers.host}/`, {}, 301)(request, response),
    );
    const { facts, attention } = await probe(shop.url);
    expect(attention).toContain('unless X-Forwarded-Proto says https: let TLS end');
    expect(facts.session?.name).toBe('connect.sid');
    expect(facts.url).toBeUndefined();
  });

  test('https alone, with a certificate that is not trusted', async () => {
    const secure = await serveTls(html('secure'));
    const shop = await serve(redirect(`${secure.url}/`));
    const { facts, attention } = await probe(shop.url);
    expect(attention).toContain('only redirects to https, where it cannot be asked. The certificate of');
    expect(facts.url).toBeUndefined();
  });
});

describe('a monolith that is not there', () => {
  const CASES: Record<string, () => Promise<[string, RegExp]>> = {
    'nothing listens': async () => [
      `http://127.0.0.1:${await refusingPort()}`,
      /^Nothing listens on 127\.0\.0\.1:\d+\. Start/,
    ],
    'no such name': async () => ['http://ficus.invalid', /^There is no host “ficus\.invalid”/],
    'it does not answer': async () => [
      `http://127.0.0.1:${await serveTcp(() => undefined)}`,
      /gave no answer within 0\.3 s/,
    ],
    'it speaks something else': async () => [
      `http://127.0.0.1:${await serveTcp((socket) => socket.end('SSH-2.0-x\r\n'))}`,
      /does not speak HTTP \(HPE_/,
    ],
    'it hangs up': async () => [
      `http://127.0.0.1:${await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))}`,
      /closed the connection without an answer\. If it speaks TLS/,
    ],
    'its certificate is not trusted': async () => [
      (await serveTls(html(''))).url,
      /signed by an authority that this machine does not know .*`tls\.ca`/,
    ],
    'https to http': async () => [
      (await serve(html(''))).url.replace('http:', 'https:'),
      /does not speak TLS\. Write the URL with http:/,
    ],
    'http to https': async () => [
      (await serveTls(html(''))).url.replace('https:', 'http:'),
      /If it speaks TLS, write/,
    ],
  };
  test.each(Object.entries(CASES))('%s', async (name, make) => {
    const [url, sentence] = await make();
    const { facts, attention, says } = await probe(url, {
      answerMs: name === 'it does not answer' ? 300 : 15_000,
    });
    expect({ facts, says }).toEqual({ facts: {}, says: '' });
    expect(attention).toMatch(sentence);
    expect(attention).not.toContain('\n');
  });
});
