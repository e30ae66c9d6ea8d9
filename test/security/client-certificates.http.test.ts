/**
 * A client's certificate counts as it is now. A TLS session holds the certificate of the first handshake, and resuming it
 * checks neither dates nor chain again (RFC 8446 section 2.2, RFC 5246 appendix F.1.4): where clients are asked for
 * certificates, no session is resumed.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { listenerOptions } from '@ficus/proxy';
import { afterEach, describe, expect, test } from 'vitest';
import { certificateNameOf } from '../../control/http/secure-listener.ts';
import { until } from '../integration/proxy/rig.ts';
import { LOCAL, startTlsRig, type TlsRig } from '../integration/proxy/tls-rig.ts';
import { makeAuthority } from '../parts/certificates.ts';
import { restOf, secureConnection, secureRequest } from '../parts/secure-client.ts';

let rig: TlsRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const REQUEST = 'GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n';

interface Visit {
  readonly text: string;
  readonly isResumed: boolean;
  /** The newest that the server offered. */
  readonly session: Buffer | undefined;
}

/** One request on a connection of its own. @throws the handshake's error */
async function visit(options: ConnectionOptions): Promise<Visit> {
  const client = await secureConnection(rig!.url, { ca: rig!.authority.cert, ...options });
  let session: Buffer | undefined = client.getSession();
  client.on('session', (offered: Buffer) => {
    session = offered;
  });
  const isResumed = client.isSessionReused();
  client.write(REQUEST);
  return { text: await restOf(client), isResumed, session };
}

/** What a client gets; '' when its handshake fails. */
const answerTo = (options: ConnectionOptions): Promise<string> =>
  visit(options).then(
    ({ text }) => text,
    () => '',
  );

describe('clientAuth: require', () => {
  test('an expired certificate is refused, also with a session from when it was valid', async () => {
    rig = await startTlsRig({}, { clientAuth: 'require' });
    const end = Math.ceil(Date.now() / 1000 + 2) * 1000;
    const edge = rig.authority.issue('edge', { until: new Date(end) });
    const pinned = (version: (typeof VERSIONS)[number]) => ({
      ...edge,
      minVersion: version,
      maxVersion: version,
    });
    const sessions = await Promise.all(
      VERSIONS.map(async (version) => (await visit(pinned(version))).session),
    );
    await until(() => Date.now() > end + 1_000, 'the end of the certificate');
    for (const [index, version] of VERSIONS.entries()) {
      expect(await answerTo(pinned(version))).toBe('');
      expect(await answerTo({ ...pinned(version), session: sessions[index] })).toBe('');
    }
    const refused = 'ficus_refused_total{reason="client-certificate-invalid"}';
    await until(async () => (await rig!.series(refused)) === 4, refused);
  });
});

test.each(VERSIONS)('without client certificates sessions are resumed in %s', async (version) => {
  rig = await startTlsRig();
  const options = { minVersion: version, maxVersion: version };
  const { session } = await visit(options);
  expect(session).toBeDefined();
  expect(await visit({ ...options, session })).toMatchObject({ isResumed: true });
});

test('clientAuth: request serves every client, and names those alone that an authority of its own has signed', async () => {
  const authority = makeAuthority('authority');
  const tls = { cert: 'c', key: 'k', ca: 'a', clientAuth: 'request', minVersion: 'TLSv1.2' } as const;
  const options = listenerOptions(tls, { ...authority.issue('control', LOCAL), ca: authority.cert });
  const server = createServer(options, (request, response) => {
    response.end(String(certificateNameOf(request)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const nameOf = async (pair: object): Promise<string> =>
    (await secureRequest(url, { ca: authority.cert, ...pair })).text;
  expect(await nameOf({})).toBe('undefined');
  expect(await nameOf(makeAuthority('authority').issue('edge'))).toBe('undefined');
  expect(await nameOf(authority.issue('edge'))).toBe('edge');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
