/**
 * From the moment a connection is taken out of Node's HTTP server (CONNECT, an upgrade), only the proxy can
 * handle its errors, and an unhandled error ends the process with all its requests. One reset by a client is
 * enough.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../integration/proxy/rig.ts';
import { head, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig({
    serve: 100,
    proxy: { identify: { user: { cookie: 'sid', introspect: '/whoami' } } },
  });
});
afterAll(() => wire.close());

const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket'];

test.each([
  ['CONNECT', head('CONNECT h:1')],
  ['an upgrade that is refused', head('GET /api/notes%', ...UPGRADE)],
  ['an upgrade while the caller is being identified', head('GET /api/notes', 'Cookie: sid=a', ...UPGRADE)],
])('%s: a reset is handled', async (_name, bytes) => {
  // The legacy never answers the introspection.
  wire.legacy.script = () => undefined;
  wire.forget();
  const client = await wire.client(bytes);
  await until(() => client.text !== '' || wire.legacy.requests.length > 0, 'taken');
  client.socket.resetAndDestroy();
  await once(client.socket, 'close');
  await until(async () => /ficus_client_connections 0\n/.test(await wire.rig.metrics()), 'gone');
  wire.legacy.script = ({ line }) => `HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`;
  expect(await wire.answer(head('GET /fine'))).toMatch(/GET \/fine/);
});
