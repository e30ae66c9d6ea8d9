/**
 * What a TLS listener refuses, before any byte is read as HTTP: strangers where clients have certificates, old versions,
 * renegotiation (CVE-2009-3555, CVE-2011-1473), handshakes that never end, plain HTTP. And that each is counted, harms no
 * other client, and reaches no side.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { sendRaw, until } from '../integration/proxy/rig.ts';
import { LOCAL, startTlsRig, type TlsRig } from '../integration/proxy/tls-rig.ts';
import { makeAuthority } from '../parts/certificates.ts';
import { restOf, secureConnection } from '../parts/secure-client.ts';

let rig: TlsRig;
afterEach(() => rig?.close());

const HOUR_MS = 3_600_000;
const REQUEST = 'GET /secret HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n';

/** A reset is an end, too. */
const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => {
    if (socket.destroyed) resolve(undefined);
    else socket.on('close', resolve);
  });

/** All that a client gets for a request; what its handshake fails with is no answer. */
async function tryAs(options: ConnectionOptions): Promise<string> {
  try {
    const client = await secureConnection(rig.url, { ca: rig.authority.cert, ...options });
    client.write(REQUEST);
    return await restOf(client);
  } catch {
    return '';
  }
}

async function expectRefused(options: ConnectionOptions, reason: string): Promise<void> {
  expect(await tryAs(options)).toBe('');
  const series = `ficus_refused_total{reason="${reason}"}`;
  await until(async () => (await rig.series(series)) === 1, series);
  expect(rig.legacy.requests).toHaveLength(0);
}

describe('clientAuth: require', () => {
  test('a client with a certificate of the authority is served', async () => {
    rig = await startTlsRig({}, { clientAuth: 'require' });
    expect(await tryAs(rig.authority.issue('edge'))).toMatch(/^HTTP\/1.1 200 /);
  });

  test('one without a certificate gets no HTTP', async () => {
    rig = await startTlsRig({}, { clientAuth: 'require' });
    await expectRefused({}, 'client-certificate-missing');
    await expectRefusedInTls12();
  });

  async function expectRefusedInTls12(): Promise<void> {
    expect(await tryAs({ maxVersion: 'TLSv1.2' })).toBe('');
    expect(rig.legacy.requests).toHaveLength(0);
  }

  test('one of another authority gets none, though its name is the same', async () => {
    rig = await startTlsRig({}, { clientAuth: 'require' });
    await expectRefused(makeAuthority('authority').issue('edge'), 'client-certificate-invalid');
  });

  test('one whose certificate has expired gets none, and the log says why', async () => {
    rig = await startTlsRig({ logs: true }, { clientAuth: 'require' });
    const until = new Date(Date.now() - HOUR_MS);
    await expectRefused(rig.authority.issue('edge', { until }), 'client-certificate-invalid');
    expect(rig.logs).toContainEqual(
      expect.objectContaining({ reason: 'client-certificate-invalid', detail: 'CERT_HAS_EXPIRED' }),
    );
  });

  test('a certificate that a client certificate has signed is none', async () => {
    rig = await startTlsRig({}, { clientAuth: 'require' });
    // An authority by name alone: its own certificate is not known to the proxy.
    const { cert, key } = makeAuthority('edge').issue('deeper');
    await expectRefused({ cert: cert + rig.authority.cert, key }, 'client-certificate-invalid');
  });
});

test('a client that trusts another authority, and one that asks for another name, leave', async () => {
  rig = await startTlsRig({}, {}, (authority) => authority.issue('proxy', { names: ['shop.example'] }));
  const { cert } = rig.authority;
  await expect(secureConnection(rig.url, { ca: makeAuthority('other').cert })).rejects.toMatchObject({
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  });
  await expect(secureConnection(rig.url, { ca: cert })).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  const named = await secureConnection(rig.url, { ca: cert, servername: 'shop.example' });
  named.write(REQUEST);
  expect(await restOf(named)).toMatch(/^HTTP\/1.1 200 /);
});

test('TLS 1.1 is refused; TLS 1.2 too where the config says so', async () => {
  rig = await startTlsRig();
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await expectRefused(old, 'tls-version');
  expect(await tryAs({ maxVersion: 'TLSv1.2' })).toMatch(/^HTTP\/1.1 200 /);
  await rig.close();
  rig = await startTlsRig({}, { minVersion: 'TLSv1.3' });
  await expectRefused({ maxVersion: 'TLSv1.2' }, 'tls-version');
  expect(await tryAs({})).toMatch(/^HTTP\/1.1 200 /);
});

test('a client cannot renegotiate', async () => {
  rig = await startTlsRig();
  const client = await secureConnection(rig.url, { ca: rig.authority.cert, maxVersion: 'TLSv1.2' });
  const ended = Promise.withResolvers<Error | null>();
  client.on('error', ended.resolve);
  client.on('close', () => ended.resolve(new Error('closed')));
  client.renegotiate({ rejectUnauthorized: false }, ended.resolve);
  expect(await ended.promise).toBeInstanceOf(Error);
  client.destroy();
  // It serves others.
  expect(await tryAs({})).toMatch(/^HTTP\/1.1 200 /);
});

test('HTTP/2 is not agreed on; a client that speaks nothing else is refused', async () => {
  rig = await startTlsRig();
  const both = await secureConnection(rig.url, { ca: rig.authority.cert, ALPNProtocols: ['h2', 'http/1.1'] });
  expect(both.alpnProtocol).toBe('http/1.1');
  both.destroy();
  await expectRefused({ ALPNProtocols: ['h2'] }, 'handshake-failed');
});

test('plain HTTP gets an answer that says so, and reaches no side', async () => {
  rig = await startTlsRig();
  const text = await sendRaw(rig.url, REQUEST);
  expect(text).toMatch(/^HTTP\/1.1 400 /);
  expect(text).toContain('https://');
  const series = 'ficus_refused_total{reason="plain-http"}';
  await until(async () => (await rig.series(series)) === 1, series);
  expect(rig.legacy.requests).toHaveLength(0);
});

test('what is neither TLS nor HTTP is closed and counted', async () => {
  rig = await startTlsRig();
  expect(await sendRaw(rig.url, 'SSH-2.0-OpenSSH_9.6\r\n')).not.toContain('HTTP');
  const series = 'ficus_refused_total{reason="handshake-failed"}';
  await until(async () => (await rig.series(series)) === 1, series);
});

test('a handshake that never ends is cut, whether the client is silent or sends a byte now and then', async () => {
  rig = await startTlsRig({ proxy: { timeouts: { headersMs: 500, drainMs: 200 } } });
  const port = Number(new URL(rig.url).port);
  const open = (): Socket =>
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume();
  const [silent, dripping] = [open(), open()];
  dripping.write(Buffer.from([0x16, 0x03, 0x01, 0x40, 0x00]));
  const drip = setInterval(() => dripping.write(Buffer.from([0x01])), 50);
  await Promise.all([closed(silent), closed(dripping)]);
  clearInterval(drip);
  const series = 'ficus_refused_total{reason="handshake-timeout"}';
  await until(async () => (await rig.series(series)) === 2, series);
});

test('a flood of half-made handshakes keeps no client from being served', async () => {
  rig = await startTlsRig({ proxy: { timeouts: { headersMs: 1_000, drainMs: 200 } } });
  const port = Number(new URL(rig.url).port);
  const flood = Array.from({ length: 300 }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume(),
  );
  await Promise.all(flood.map((socket) => once(socket, 'connect')));
  expect(await tryAs({})).toMatch(/^HTTP\/1.1 200 /);
  await Promise.all(flood.map(closed));
  expect(await tryAs({})).toMatch(/^HTTP\/1.1 200 /);
});

test('an expired certificate serves, and the log says that clients will refuse it', async () => {
  const expired = { ...LOCAL, until: new Date(Date.now() - HOUR_MS) };
  rig = await startTlsRig({ logs: true }, {}, (authority) => authority.issue('proxy', expired));
  await expect(secureConnection(rig.url, { ca: rig.authority.cert })).rejects.toMatchObject({
    code: 'CERT_HAS_EXPIRED',
  });
  expect(rig.logs.map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(/^the certificate of proxy.tls expired on 2/),
  );
});
