/**
 * NTLM and Negotiate authenticate a connection, and all that follows on it: such a connection serves the client that
 * logged in, and no other.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { sendCopy } from '../../../proxy/upstream/send-copy.ts';
import { type Forwarder, PATIENT, type RawClient } from './forwarder-rig.ts';
import { forwardRig } from './rig.ts';

const { cleanups, client, forwarderTo, upstreamAnswering } = forwardRig();

const answer = (status: string, body: string, fields = '') =>
  `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

/** Each connection is of the user who has logged in on it; `/open` asks for no login. */
function monolith(challenge = 'WWW-Authenticate: Negotiate\r\n') {
  const users = new Map<number, string>();
  return upstreamAnswering((all, connection) => {
    const last = all.slice(all.lastIndexOf('\r\n\r\n', all.length - 5) + 1);
    if (!last.endsWith('\r\n\r\n')) return undefined;
    const user = /authorization: *(?:negotiate|ntlm) +ticket-of-(\w+)/i.exec(last)?.[1];
    if (user) users.set(connection, user);
    const known = users.get(connection);
    if (/ \/open /.test(last)) return answer('200 OK', `${known ?? 'nobody'};`);
    return known ? answer('200 OK', `${known};`) : answer('401 Unauthorized', 'who?;', challenge);
  });
}

const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: shop\r\n${fields}\r\n`;
const login = (user: string, scheme = 'Negotiate') =>
  get('/', `Authorization: ${scheme} ticket-of-${user}\r\n`);

/** Sends a request on a client's connection, and returns the body of its answer. */
async function ask({ socket, until }: RawClient, request: string): Promise<string> {
  const bodies = (text: string) => text.match(/\w+\??;/g) ?? [];
  const before = bodies(await until(() => true)).length;
  socket.write(request);
  return bodies(await until((text) => bodies(text).length > before)).at(-1)!;
}

const visitor = (forwarder: Forwarder) => client(forwarder.port, '');

describe('a connection on which a client has logged in', () => {
  it.each(['Negotiate', 'NTLM', 'nTlM', 'Kerberos'])('with %s serves no other client', async (scheme) => {
    const upstream = await monolith();
    const forwarder = await forwarderTo(upstream.url);
    const [ann, bob] = [await visitor(forwarder), await visitor(forwarder)];
    const ticket = scheme === 'Kerberos' ? `Kerberos ticket` : `${scheme} ticket-of-ann`;
    await ask(ann, get('/open', `Authorization: ${ticket}\r\n`));
    expect(await ask(bob, get('/open'))).toBe('nobody;');
    expect(upstream.received).toHaveLength(2);
  });

  it('serves that client for as long as it stays, and ends with it', async () => {
    const upstream = await monolith();
    const forwarder = await forwarderTo(upstream.url, { config: { pool: { idleMs: 1 } } });
    const ann = await visitor(forwarder);
    expect(await ask(ann, get('/'))).toBe('who?;');
    expect(await ask(ann, login('ann'))).toBe('ann;');
    const bob = await visitor(forwarder);
    expect(await ask(bob, get('/open'))).toBe('nobody;');
    // By now passes have closed the other idle connection.
    await expect.poll(() => upstream.sockets.size, PATIENT).toBe(1);
    expect(await ask(ann, get('/'))).toBe('ann;');
    expect(forwarder.upstream.stats).toMatchObject({ idle: 1, active: 0 });
    ann.socket.destroy();
    await expect.poll(() => upstream.sockets.size, PATIENT).toBe(0);
    expect(forwarder.upstream.stats).toMatchObject({ idle: 0, active: 0 });
  });

  it.each([
    'Negotiate oYGVMIGSoAMKAQGh==',
    'NTLM TlRMTVNTUAACAAAA',
    'Basic realm="x", NTLM TlRM+/-._~0=',
    'ntlm \t TlRM , Basic realm="x"',
  ])('is bound from a challenge of the upstream that carries a token, %s', async (challenge) => {
    const upstream = await monolith(`WWW-Authenticate: ${challenge}\r\n`);
    const forwarder = await forwarderTo(upstream.url);
    const [ann, bob] = [await visitor(forwarder), await visitor(forwarder)];
    expect(await ask(ann, get('/'))).toBe('who?;');
    expect(await ask(bob, get('/open'))).toBe('nobody;');
    expect(upstream.received).toHaveLength(2);
  });

  it.each(['Negotiate', 'NTLM', 'Basic realm="x", NTLM', 'Negotiate, NTLM', 'Negotiate realm="x"'])(
    'is not what the bare challenge %s makes of a guest’s',
    async (challenge) => {
      const upstream = await monolith(`WWW-Authenticate: ${challenge}\r\n`);
      const forwarder = await forwarderTo(upstream.url);
      for (const guest of [await visitor(forwarder), await visitor(forwarder), await visitor(forwarder)])
        expect(await ask(guest, get('/'))).toBe('who?;');
      expect(upstream.received).toHaveLength(1);
      expect(forwarder.upstream.stats).toMatchObject({ idle: 1 });
    },
  );

  it('carries a whole handshake: its messages all go over it, and no other client’s', async () => {
    const steps: [number, string][] = [];
    const upstream = await upstreamAnswering((all, connection) => {
      if (!all.endsWith('\r\n\r\n')) return undefined;
      const last = all.slice(all.lastIndexOf('GET / '));
      const said = /authorization: NTLM (\w+)/i.exec(last)?.[1];
      if (said === undefined) return answer('401 Unauthorized', 'who?;', 'WWW-Authenticate: NTLM\r\n');
      steps.push([connection, said]);
      if (said === 'type3') return answer('200 OK', 'ann;');
      return answer('401 Unauthorized', 'prove;', 'WWW-Authenticate: NTLM type2\r\n');
    });
    const forwarder = await forwarderTo(upstream.url);
    const [ann, bob] = [await visitor(forwarder), await visitor(forwarder)];
    const say = (message: string) => ask(ann, get('/', `Authorization: NTLM ${message}\r\n`));
    expect(await ask(ann, get('/'))).toBe('who?;');
    expect(await say('type1')).toBe('prove;');
    expect(await ask(bob, get('/'))).toBe('who?;');
    expect(await say('type3')).toBe('ann;');
    expect(steps.map(([, message]) => message)).toEqual(['type1', 'type3']);
    expect(new Set(steps.map(([connection]) => connection)).size).toBe(1);
    expect(upstream.received).toHaveLength(2);
  });

  it('is not what other credentials and other challenges make of it', async () => {
    const upstream = await monolith('WWW-Authenticate: Basic realm="NTLM Negotiate"\r\n');
    const forwarder = await forwarderTo(upstream.url);
    const [ann, bob] = [await visitor(forwarder), await visitor(forwarder)];
    await ask(ann, get('/', 'Authorization: Bearer negotiate\r\n'));
    await ask(ann, get('/', 'Authorization: Negotiated x\r\nX-Login: NTLM\r\n'));
    await ask(bob, get('/open'));
    expect(upstream.received).toHaveLength(1);
  });

  it('gives its place to a client that finds none, the one idle longest first', async () => {
    const upstream = await monolith();
    const forwarder = await forwarderTo(upstream.url, { config: { pool: { connections: 2 } } });
    const [ann, bob, eve] = [await visitor(forwarder), await visitor(forwarder), await visitor(forwarder)];
    expect(await ask(ann, login('ann'))).toBe('ann;');
    expect(await ask(bob, login('bob'))).toBe('bob;');
    expect(await ask(ann, get('/'))).toBe('ann;');
    expect(await ask(eve, get('/open'))).toBe('nobody;');
    expect(await ask(ann, get('/'))).toBe('ann;');
    expect(await ask(bob, get('/'))).toBe('who?;');
  });

  it('gives its place to one that waits already', async () => {
    const held: (() => void)[] = [];
    const slow = createServer((_request, response) => void held.push(() => response.end('late;')));
    slow.listen(0, '127.0.0.1');
    await once(slow, 'listening');
    cleanups.push(() => slow.close());
    const { port } = slow.address() as { port: number };
    const forwarder = await forwarderTo(`http://127.0.0.1:${port}`, { config: { pool: { connections: 1 } } });
    const [ann, bob] = [await visitor(forwarder), await visitor(forwarder)];
    const first = ask(ann, login('ann'));
    await expect.poll(() => held.length, PATIENT).toBe(1);
    const second = ask(bob, get('/'));
    await expect.poll(() => forwarder.upstream.stats.pending, PATIENT).toBe(1);
    held[0]!();
    expect(await first).toBe('late;');
    await expect.poll(() => forwarder.upstream.stats.opened, PATIENT).toBe(2);
    await expect.poll(() => held.length, PATIENT).toBe(2);
    held[1]!();
    expect(await second).toBe('late;');
  });

  it('that the upstream closes is replaced: the client logs in again', async () => {
    const upstream = await monolith();
    const forwarder = await forwarderTo(upstream.url);
    const ann = await visitor(forwarder);
    expect(await ask(ann, login('ann'))).toBe('ann;');
    for (const socket of upstream.sockets) socket.destroy();
    await expect.poll(() => forwarder.upstream.stats.idle, PATIENT).toBe(0);
    expect(await ask(ann, get('/'))).toBe('who?;');
    expect(await ask(ann, login('ann', 'NTLM'))).toBe('ann;');
  });

  it('carries the upgrade of that client', async () => {
    const upstream = await monolith();
    const forwarder = await forwarderTo(upstream.url);
    const ann = await visitor(forwarder);
    await ask(ann, login('ann'));
    expect(await ask(ann, get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'))).toBe('ann;');
    expect(upstream.received).toHaveLength(1);
  });

  it('is used for one copy only', async () => {
    const upstream = await monolith();
    const forwarder = await forwarderTo(upstream.url);
    const copy = (head: string, connectionLogin: boolean) =>
      new Promise<string>((resolve) => {
        const limits = { timeoutMs: 10_000, bodyBytes: 100 };
        sendCopy(forwarder.upstream, { method: 'GET', head, connectionLogin }, limits, (result) =>
          resolve(result.kind === 'answered' ? result.body.toString() : result.detail),
        );
      });
    expect(await copy(login('ann'), true)).toBe('ann;');
    expect(await copy(get('/open'), false)).toBe('nobody;');
    expect(await copy(get('/'), false)).toBe('who?;');
    expect(await copy(get('/open'), false)).toBe('nobody;');
    expect(upstream.received).toHaveLength(2);
  });
});
