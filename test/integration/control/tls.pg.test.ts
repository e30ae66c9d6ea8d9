/**
 * The control plane over TLS, with certificates for its callers, and a proxy that connects to it with one: flags, owners and
 * reports arrive; a stranger, with the right token and without a certificate, gets no HTTP.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { type ControlClientConfig, configSchema, type FicusConfigInput, LINK_PATHS } from '@ficus/core';
import { controlFetch, type RunningProxy, startProxy } from '@ficus/proxy';
import pino from 'pino';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Authority, makeAuthority, type Pair } from '../../parts/certificates.ts';
import { secureConnection, secureRequest } from '../../parts/secure-client.ts';
import { sendRaw, until } from '../proxy/rig.ts';
import { createTestDatabase, type TestDatabase } from './rig.ts';

const ADMIN = 'admin-of-sixteen-letters';
const EDGE = 'edge-of-sixteen-letters';
/** The certificate is for a name, as it is where a machine is reached under several addresses. */
const NAME = 'control.internal';

let folder: string;
let database: TestDatabase;
let authority: Authority;
let control: Control;
let legacy: Server;
let config: FicusConfigInput;
const logs: Record<string, unknown>[] = [];
const logger = pino({ level: 'info' }, { write: (line: string) => void logs.push(JSON.parse(line)) });

const at = (name: string): string => join(folder, name);
const write = (name: string, { cert, key }: Pair): void => {
  writeFileSync(at(`${name}.key`), key, { mode: 0o600 });
  writeFileSync(at(`${name}.pem`), cert);
};
/** The `control.client` of a machine. */
const asClient = (name: string, more: ControlClientConfig = {}): ControlClientConfig => ({
  ca: at('ca.pem'),
  cert: at(`${name}.pem`),
  key: at(`${name}.key`),
  serverName: NAME,
  ...more,
});
const clientWith = (tls: ControlClientConfig, token = ADMIN) =>
  createControlClient(control.address, token, 'ada', undefined, controlFetch(tls));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ficus-control-tls-'));
  authority = makeAuthority('authority');
  writeFileSync(at('ca.pem'), authority.cert);
  write('control', authority.issue('control', { names: [NAME] }));
  write('edge-1', authority.issue('edge-1'));
  write('stranger', makeAuthority('stranger').issue('edge-1'));
  database = await createTestDatabase(inject('postgresPort'));
  legacy = createServer((_, response) => response.end('legacy'));
  await new Promise<void>((resolve) => legacy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(legacy.address() as AddressInfo).port}`;
  config = {
    version: 1,
    proxy: { listen: '127.0.0.1:0', expose: true },
    control: {
      listen: '127.0.0.1:0',
      database: database.url,
      tls: { cert: at('control.pem'), key: at('control.key'), ca: at('ca.pem'), clientAuth: 'require' },
      token: ADMIN,
      tokens: [{ name: 'edge', roles: ['report'], token: EDGE }],
    },
    legacy: { url },
    slices: { pages: { candidate: { url, credentials: [] }, routes: [{ id: 'page', path: '/pages/*' }] } },
  };
  control = await startControl({ config: configSchema.parse(config), logger });
});

afterAll(async () => {
  await control?.stop();
  await new Promise((resolve) => legacy.close(resolve));
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

it('a command with a certificate and a token works, and the audit has both names', async () => {
  expect(control.address).toMatch(/^https:/);
  const client = clientWith(asClient('edge-1'));
  await client.setServe('pages', { percent: 10, reason: 'first' });
  expect(await client.audit()).toMatchObject([{ actor: 'control.token (ada) [edge-1]', action: 'serve' }]);
  expect((await client.slices()).map(({ name }) => name)).toEqual(['pages']);
});

it('a token without a certificate is not heard, and neither is one with a stranger’s', async () => {
  const report = { proxyId: 'x', workers: 1, epochs: {}, traffic: [], droppedCopies: [] };
  for (const tls of [{}, { cert: makeAuthority('authority').issue('edge-1') }]) {
    const { cert, key } = 'cert' in tls ? tls.cert! : { cert: undefined, key: undefined };
    const options = {
      method: 'POST',
      ca: authority.cert,
      servername: NAME,
      headers: { authorization: `Bearer ${EDGE}`, 'content-type': 'application/json' },
      ...(cert && { cert, key }),
    };
    const sent = secureRequest(`${control.address}${LINK_PATHS.report}`, options, JSON.stringify(report));
    await expect(sent).rejects.toThrow();
  }
  expect(await clientWith(asClient('edge-1')).proxies()).toEqual([]);
  await until(() => {
    const reasons = logs.filter(({ msg }) => msg === 'connection refused').map(({ reason }) => reason);
    return ['client-certificate-missing', 'client-certificate-invalid'].every((why) => reasons.includes(why));
  }, 'both refusals in the log');
});

it('a certificate alone is not enough either', async () => {
  await expect(clientWith(asClient('edge-1'), 'wrong-of-sixteen-letters').slices()).rejects.toMatchObject({
    code: 'FICUS_CONTROL_FORBIDDEN',
  });
});

it('a command says why it does not believe the control plane', async () => {
  writeFileSync(at('other-ca.pem'), makeAuthority('other').cert);
  await expect(clientWith(asClient('edge-1', { ca: at('other-ca.pem') })).slices()).rejects.toMatchObject({
    code: 'FICUS_CONTROL_UNREACHABLE',
    message: expect.stringContaining('no known authority has signed its certificate'),
  });
  await expect(clientWith(asClient('edge-1', { serverName: 'shop.example' })).slices()).rejects.toMatchObject(
    {
      message: expect.stringContaining('its certificate is for another name'),
    },
  );
});

it('plain HTTP is answered with 400, and TLS 1.1 not at all', async () => {
  const text = await sendRaw(control.address, 'GET /api/v1/slices HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(text).toMatch(/^HTTP\/1.1 400 .*FICUS_TLS_EXPECTED/s);
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await expect(
    secureConnection(control.address, { ca: authority.cert, servername: NAME, ...old }),
  ).rejects.toThrow();
});

it('a proxy with a certificate gets flags and reports; its renewed certificate is used without a restart', async () => {
  const client = clientWith(asClient('edge-1'));
  await client.setServe('pages', { percent: 100 });
  write('edge-2', authority.issue('edge-2'));
  const proxy = await startEdge('edge-2');
  try {
    await until(async () => (await sideOf(proxy)) === 'candidate', 'the flag');
    await until(async () => (await client.proxies()).length === 1, 'a report');
    await client.setServe('pages', { percent: 0 });
    await until(async () => (await sideOf(proxy)) === 'legacy', 'a flip');
    // The authority changes: what was valid is refused, until both ends have the new one.
    const next = makeAuthority('next');
    writeFileSync(at('ca.pem'), next.cert);
    authority = next;
    write('edge-2', next.issue('edge-2'));
    write('control', next.issue('control', { names: [NAME] }));
    await until(async () => {
      const socket = await secureConnection(control.address, { ca: next.cert, servername: NAME }).catch(
        () => undefined,
      );
      socket?.on('error', () => {}).destroy();
      return socket !== undefined;
    }, 'the control plane’s new certificate');
    // As after a restart of the control plane: all connections begin again.
    await control.stop();
    const { port } = new URL(control.address);
    const again = { ...config, control: { ...config.control, listen: `127.0.0.1:${port}` } };
    control = await startControl({ config: configSchema.parse(again), logger });
    await clientWith(asClient('edge-2')).setServe('pages', { percent: 100 });
    await until(async () => (await sideOf(proxy)) === 'candidate', 'a flip over the new certificates');
  } finally {
    await proxy.stop();
  }
});

it('a proxy whose certificate is a stranger’s serves from the legacy, and the log says why', async () => {
  const before = logs.length;
  const proxy = await startEdge('stranger', { ca: at('other-ca.pem') });
  try {
    expect(await sideOf(proxy)).toBe('legacy');
    await until(
      () => logs.slice(before).some(({ reason }) => /no known authority has signed/.test(String(reason))),
      'the reason',
    );
  } finally {
    await proxy.stop();
  }
});

it('a pair on disk that does not fit is refused, and said like a refused config', async () => {
  const client = clientWith(asClient('edge-2'));
  writeFileSync(at('control.key'), makeAuthority('other').key);
  await until(async () => (await client.runningConfig()).refused !== null, 'the refusal');
  expect((await client.runningConfig()).refused?.problems).toEqual([
    { path: 'control.tls', message: expect.stringContaining('the key belongs to another certificate') },
  ]);
  write('control', authority.issue('control', { names: [NAME] }));
  await until(async () => (await client.runningConfig()).refused === null, 'its end');
});

it('its certificate’s expiry is a metric', async () => {
  const options = {
    ca: readFileSync(at('ca.pem')),
    servername: NAME,
    headers: { authorization: `Bearer ${ADMIN}` },
  };
  const { cert, key } = authority.issue('prometheus');
  const { text } = await secureRequest(`${control.address}/metrics`, { ...options, cert, key });
  expect(text).toMatch(/^ficus_tls_certificate_expiration_timestamp_seconds\{listener="control"\} \d{10}$/m);
  expect(text).toMatch(/^ficus_tls_certificate_refused\{listener="control"\} 0$/m);
});

function startEdge(name: string, more: ControlClientConfig = {}): Promise<RunningProxy> {
  return startProxy({
    config: configSchema.parse({ ...config, control: undefined }),
    inProcess: true,
    logger,
    controlUrl: control.address,
    controlToken: EDGE,
    controlTls: asClient(name, more),
  });
}

async function sideOf(proxy: RunningProxy): Promise<string | null> {
  return (await fetch(`${proxy.address}/pages/1`)).headers.get('x-ficus-side');
}
