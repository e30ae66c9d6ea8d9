/** `ficus proxy` with TLS and two workers: all of them get a new certificate, one that is restarted too, and SIGTERM drains. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningCommand, startCommand } from '../../e2e/run-command.ts';
import { type Authority, makeAuthority } from '../../parts/certificates.ts';
import { restOf, secureConnection, secureRequest } from '../../parts/secure-client.ts';
import { type Backend, startBackend, until } from './rig.ts';

const LOCAL = { names: ['127.0.0.1'] };

let folder: string;
let legacy: Backend;
let proxy: RunningCommand;
let authority: Authority;
let url: string;
let admin: string;

function writePair(): void {
  const { cert, key } = authority.issue('proxy', LOCAL);
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(folder, 'cert.pem'), cert);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ficus-tls-workers-'));
  legacy = await startBackend('legacy');
  authority = makeAuthority('authority');
  writePair();
  writeFileSync(join(folder, 'flags.json'), '{"version":2,"features":[]}');
  writeFileSync(
    join(folder, 'ficus.yaml'),
    `version: 1
proxy: { listen: '127.0.0.1:0', admin: '127.0.0.1:0', workers: 2, tls: { cert: cert.pem, key: key.pem } }
flags: { provider: file, file: flags.json }
legacy: { url: '${legacy.url}' }
`,
  );
  proxy = startCommand(['cli/bin/ficus.js', 'proxy', '--config', join(folder, 'ficus.yaml')]);
  const lines = (await proxy.until('"admin listening"'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { msg: string; address: string });
  url = lines[0]!.address;
  admin = lines.find(({ msg }) => msg === 'admin listening')!.address;
});

afterEach(async () => {
  proxy.child.kill('SIGKILL');
  await proxy.ended;
  await legacy.close();
  rmSync(folder, { recursive: true, force: true });
});

const workers = async () =>
  /^ficus_workers (\d+)$/m.exec(await (await fetch(`${admin}/metrics`)).text())?.[1];

/** Serial numbers that many new connections get: both workers are among those who answer. */
async function serials(): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  for (let index = 0; index < 24; index += 1) {
    const socket = await secureConnection(url, { ca: authority.cert });
    seen.add(socket.getPeerCertificate().serialNumber);
    socket.destroy();
  }
  return seen;
}

test('a new certificate reaches every worker, and the one that replaces a killed one', async () => {
  expect(url).toMatch(/^https:/);
  const [before] = await serials();
  writePair();
  await until(async () => {
    const now = await serials();
    return now.size === 1 && !now.has(before!);
  }, 'the new certificate in both workers');
  const [now] = await serials();
  const worker = Number(/"worker":(\d+)/.exec(await logOfOneRequest())?.[1]);
  process.kill(worker, 'SIGKILL');
  await proxy.until('worker exited: starting another');
  await until(async () => (await workers()) === '2', 'two workers again');
  expect(await serials()).toEqual(new Set([now]));
  const running = secureRequest(`${url}/last`, { ca: authority.cert });
  expect((await running).text).toBe('legacy /last');
  proxy.child.kill('SIGTERM');
  expect(await proxy.ended).toMatchObject({ status: 0 });
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'every worker resumes the sessions of the others in %s',
  async (version) => {
    const options = { ca: authority.cert, minVersion: version, maxVersion: version };
    const session = await sessionOf(options);
    /** Of many connections, to both workers, those that resumed it. */
    const resumed = async (): Promise<number> => {
      let count = 0;
      for (let index = 0; index < 24; index += 1) {
        const socket = await secureConnection(url, { ...options, session });
        if (socket.isSessionReused()) count += 1;
        socket.destroy();
      }
      return count;
    };
    expect(await resumed()).toBe(24);
    writePair();
    await until(async () => (await resumed()) === 0, 'keys of the new certificate in both workers');
  },
);

/** What a client keeps of a connection. */
async function sessionOf(options: ConnectionOptions): Promise<Buffer | undefined> {
  const socket = await secureConnection(url, options);
  let session: Buffer | undefined = socket.getSession();
  socket.on('session', (offered: Buffer) => {
    session = offered;
  });
  socket.write('GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n');
  await restOf(socket);
  return session;
}

async function logOfOneRequest(): Promise<string> {
  await secureRequest(`${url}/logged`, { ca: authority.cert });
  return proxy.until('/logged');
}
