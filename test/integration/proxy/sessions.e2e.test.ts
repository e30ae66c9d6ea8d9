/** A session that changes hands at one worker of the proxy has changed for all of them before the client is answered. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningCommand, startCommand } from '../../e2e/run-command.ts';
import { type Backend, noteFlags, startBackend } from './rig.ts';
import { IDENTIFY, makeSessionShop, type SessionShop } from './session-shop.ts';

const WORKERS = 3;
let folder: string;
let legacy: Backend;
let candidate: Backend;
let shop: SessionShop;
let proxy: RunningCommand;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-sessions-'));
  [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  shop = makeSessionShop(legacy, candidate);
  await writeFile(join(folder, 'flags.json'), JSON.stringify({ version: 2, features: noteFlags(100, 0) }));
  const config = {
    version: 1,
    proxy: { listen: '127.0.0.1:0', workers: WORKERS, identify: IDENTIFY, accessLog: { sample: 0 } },
    flags: { provider: 'file', file: join(folder, 'flags.json') },
    legacy: { url: legacy.url },
    slices: { notes: { candidate: { url: candidate.url }, routes: [{ id: 'list', path: '/api/notes' }] } },
  };
  await writeFile(join(folder, 'ficus.yaml'), JSON.stringify(config));
  proxy = startCommand(['cli/bin/ficus.js', 'proxy', '--config', join(folder, 'ficus.yaml')]);
  const said = await proxy.until('"listening"');
  url = (JSON.parse(said.split('\n')[0]!) as { address: string }).address;
});
afterEach(async () => {
  proxy.child.kill('SIGKILL');
  await proxy.ended;
  await Promise.all([legacy.close(), candidate.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** A client with one connection, and so one worker. */
function connectClient() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (method: string, path: string, session: string) =>
    new Promise<string>((resolve, reject) => {
      const headers = { cookie: `shop_session=${session}` };
      const sent = request(url + path, { method, headers, agent }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve(Buffer.concat(parts).toString()));
      });
      sent.on('error', reject);
      sent.end();
    });
  return { send, close: () => agent.destroy() };
}

test('whichever worker took the login, and whichever takes the next read', async () => {
  const clients = Array.from({ length: 16 }, connectClient);
  shop.page = (request, response, session) => {
    if (request.method === 'POST') shop.users.set(session, request.url!.slice('/login-as/'.length));
    response.end('legacy');
  };
  for (const [turn, writer] of clients.entries()) {
    const session = `session-${turn}`;
    shop.users.set(session, 'before');
    const read = () => Promise.all(clients.map(({ send }) => send('GET', '/api/notes', session)));
    // All workers know the session now.
    expect(new Set(await read())).toEqual(new Set(['before']));
    await writer.send('POST', `/login-as/user-${turn}`, session);
    expect(new Set(await read())).toEqual(new Set([`user-${turn}`]));
    // And they know it again.
    const asked = shop.questions;
    await read();
    expect(shop.questions - asked).toBeLessThanOrEqual(WORKERS);
  }
  for (const { close } of clients) close();
});
