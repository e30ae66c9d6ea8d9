/** A changed config takes effect as a whole, including the options of the listening server. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FicusConfig, FicusConfigInput, ParsedConfig } from '@ficus/core';
import { afterEach, expect, test } from 'vitest';
import { rawClient } from '../forward/forwarder-rig.ts';
import { type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
let next: FicusConfig;
afterEach(() => rig.close());

async function start(proxy: FicusConfigInput['proxy'] = {}): Promise<void> {
  const reloadConfig = (): Promise<ParsedConfig> => Promise.resolve({ ok: true, config: next });
  rig = await startRig({ proxy, start: { reloadConfig } });
}

async function reload(proxy: FicusConfigInput['proxy']): Promise<void> {
  next = rig.config({ proxy });
  expect(await rig.proxy.reload()).toMatchObject({ ok: true });
}

const port = () => Number(new URL(rig.url).port);
const get = (fields = '') => `GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${fields}\r\n`;

test('limits of heads and connections', async () => {
  await start();
  const long = `X: ${'x'.repeat(12_000)}\r\n`;
  expect(await sendRaw(rig.url, get(long))).toMatch(/^HTTP\/1\.1 200 /);
  await reload({ limits: { headerBytes: 2_000, headerCount: 5, targetBytes: 50 } });
  expect(await sendRaw(rig.url, get(long))).toMatch(/^HTTP\/1\.1 431 /);
  expect(await sendRaw(rig.url, get('A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n'))).toMatch(/^HTTP\/1\.1 431 /);
  await reload({ limits: { headerBytes: 64_000 } });
  expect(await sendRaw(rig.url, get(long))).toMatch(/^HTTP\/1\.1 200 /);
  await reload({ limits: { connections: 1 } });
  const first = await rawClient(port(), '');
  await until(async () => (await sendRaw(rig.url, get())) === '', 'no place for a second');
  first.close();
  await until(async () => (await sendRaw(rig.url, get())) !== '', 'a place again');
});

test('timeouts of slow heads and idle connections', async () => {
  await start();
  const idle = await rawClient(port(), 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
  await idle.until((text) => text.endsWith('legacy /x'));
  const slow = await rawClient(port(), 'GET /');
  await reload({ timeouts: { headersMs: 200, keepAliveMs: 100 } });
  expect(await slow.untilEnd()).toMatch(/^HTTP\/1\.1 408 /);
  await idle.untilEnd();
});

/** Connects and sends a request from another thread, while the proxy's thread is blocked. */
const CLIENTS = `
const { workerData: { port, clients, connected }, parentPort } = require('node:worker_threads');
const { connect } = require('node:net');
let left = clients;
for (let client = 0; client < clients; client += 1) {
  let text = '';
  let sent = false;
  const tell = () => { if (!sent) parentPort.postMessage(text); sent = true; };
  const socket = connect(port, '127.0.0.1', () => {
    socket.write('GET /x HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n', () => {
      Atomics.add(connected, 0, 1);
      Atomics.notify(connected, 0);
    });
  });
  socket.on('data', (chunk) => { text += chunk; });
  socket.on('error', (error) => { text = error.code; });
  socket.on('close', tell);
}`;

test('clients that the kernel has connected when the proxy stops are answered', async () => {
  await start({ timeouts: { drainMs: 20_000 } });
  const clients = 40;
  const connected = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { port: port(), clients, connected };
  const thread = new Worker(CLIENTS, { eval: true, workerData });
  const answers: string[] = [];
  thread.on('message', (answer: string) => answers.push(answer));
  await once(thread, 'online');
  // Nothing is accepted meanwhile: they are in the kernel's queue.
  for (let seen = 0; seen < clients; seen = Atomics.load(connected, 0))
    Atomics.wait(connected, 0, seen, 10_000);
  await Promise.all([rig.proxy.stop(), once(thread, 'exit')]);
  expect(answers).toHaveLength(clients);
  // Whether an answer says `close` depends on when the listening socket closed: see drain.http.test.ts.
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

test('of overlapping readings the one that began last counts, in whatever order they end', async () => {
  const readings: PromiseWithResolvers<ParsedConfig>[] = [];
  const reloadConfig = (): Promise<ParsedConfig> => {
    readings.push(Promise.withResolvers());
    return readings.at(-1)!.promise;
  };
  rig = await startRig({ start: { reloadConfig } });
  const ended = [rig.proxy.reload(), rig.proxy.reload(), rig.proxy.reload()];
  await until(() => readings.length === 3, 'all are read');
  readings[1]!.resolve({ ok: true, config: rig.config({ proxy: { limits: { targetBytes: 50 } } }) });
  expect(await ended[1]).toEqual({ ok: true, generation: 2 });
  readings[0]!.resolve({ ok: true, config: rig.config({ proxy: { limits: { targetBytes: 5_000 } } }) });
  expect(await ended[0]).toEqual({ ok: true, generation: 2 });
  expect(await rig.get(`/${'x'.repeat(60)}`)).toMatchObject({ status: 414 });
  // A refused config does not replace a valid one.
  readings[2]!.resolve({ ok: false, problems: [{ path: [], message: 'not read' }] });
  expect(await ended[2]).toMatchObject({ ok: false });
});
