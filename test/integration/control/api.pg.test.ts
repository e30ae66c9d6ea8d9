/** The admin API against a real database: flags, audit, guards, errors, one control plane at a time. */

import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { FicusError } from '@ficus/core';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let control: Control;
let stream: HandPlayedReplication;

const start = (over: Parameters<typeof testConfig>[1] = {}, url = database.url) =>
  startControl({
    config: testConfig(url, over),
    logger: silent,
    replications: (options) => {
      stream = new HandPlayedReplication(options);
      return stream;
    },
  });

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await start();
});
afterAll(async () => {
  await control.stop();
  await database.drop();
});

describe('flags', () => {
  beforeEach(async () => {
    const client = createControlClient(control.address);
    await client.setServe('notes', { percent: 0 });
    await client.setShadow('notes', { percent: 0 });
  });

  it('change the stage, and return the previous percentage', async () => {
    const client = createControlClient(control.address, undefined, 'ada');
    const stages: string[] = [(await client.slice('notes')).stage];
    stages.push((await client.setShadow('notes', { percent: 100, reason: 'look' })).slice.stage);
    const canary = await client.setServe('notes', { percent: 25, reason: 'first quarter' });
    stages.push(canary.slice.stage);
    const live = await client.setServe('notes', { percent: 100 });
    stages.push(live.slice.stage);
    expect(stages).toEqual(['legacy', 'shadow', 'canary', 'live']);
    expect([canary.previous, live.previous]).toEqual([0, 25]);
    const [newest, before] = await client.audit({ slice: 'notes', limit: 2 });
    expect(newest).toMatchObject({
      actor: 'ada',
      action: 'serve',
      was: { percent: 25 },
      became: { percent: 100 },
    });
    expect(before).toMatchObject({ reason: 'first quarter', slice: 'notes' });
  });

  it('survive the control plane', async () => {
    const client = createControlClient(control.address);
    await client.setServe('notes', { percent: 40 });
    await control.stop();
    control = await start();
    const slice = await createControlClient(control.address).slice('notes');
    expect(slice.flags.serve.percent).toBe(40);
    expect(slice).toMatchObject({ owner: 'legacy', epoch: 1, stage: 'canary', team: 'messaging' });
  });

  it('hold back a candidate without data, unless forced', async () => {
    const client = createControlClient(control.address);
    stream.isCopied = false;
    await control.stop();
    control = await startControl({
      config: testConfig(database.url),
      logger: silent,
      replications: (options) => {
        stream = new HandPlayedReplication(options);
        stream.isCopied = false;
        stream.play({
          state: 'copying',
          copy: { rowsCopied: 3, rowsTotal: 10, rowsPerSecond: 1, done: false },
        });
        return stream;
      },
    });
    const again = createControlClient(control.address);
    await expect(again.setServe('notes', { percent: 5 })).rejects.toMatchObject({
      code: 'FICUS_GUARD_REFUSED',
      message:
        'notes is held back by its guards. data: fail. The first copy is not complete (3 of about 10 rows).',
      details: { guards: [{ guard: 'data', answer: 'fail', numbers: { rowsCopied: 3, rowsTotal: 10 } }] },
    });
    await expect(again.startVerify('notes')).rejects.toMatchObject({ code: 'FICUS_CONTROL_NOT_COPIED' });
    expect((await again.setServe('notes', { percent: 0 })).percent).toBe(0);
    await again.setServe('notes', { percent: 5, force: true, reason: 'I know' });
    expect((await again.audit({ limit: 1 }))[0]?.reason).toMatch(
      /^I know \(forced past data: fail\. The first copy/,
    );
    stream.play({
      state: 'stopped',
      copy: { rowsCopied: 10, rowsTotal: 10, rowsPerSecond: 1, done: true },
      problem: { code: 'FICUS_CDC_SLOT_LOST', message: 'the slot is lost.', remedy: 'copy again' },
    });
    await expect(again.setServe('notes', { percent: 6 })).rejects.toThrow(
      'The candidate’s stream is stopped: the slot is lost.',
    );
    await expect(again.startVerify('notes')).rejects.toMatchObject({
      code: 'FICUS_CDC_SLOT_LOST',
      message: 'The stream of notes is stopped: the slot is lost.',
    });
    expect((await again.setServe('pages', { percent: 6 })).slice.stage).toBe('canary');
    expect(client).toBeDefined();
    await control.stop();
    control = await start();
  });
});

describe('refusals', () => {
  it.each([
    ['an unknown slice', 'PUT', '/api/v1/slices/nope/serve', '{"percent":1}', 404, 'FICUS_SLICE_UNKNOWN'],
    [
      'a slice called like a part of JavaScript',
      'GET',
      '/api/v1/slices/__proto__',
      undefined,
      404,
      'FICUS_SLICE_UNKNOWN',
    ],
    [
      'two bad values at once',
      'PUT',
      '/api/v1/slices/notes/serve',
      '{"percent":101,"why":1}',
      400,
      'FICUS_CONTROL_REQUEST_INVALID',
    ],
    ['no JSON', 'PUT', '/api/v1/slices/notes/serve', '{"percent"', 400, 'FICUS_CONTROL_REQUEST_INVALID'],
    ['no body', 'PUT', '/api/v1/slices/notes/serve', '', 400, 'FICUS_CONTROL_REQUEST_INVALID'],
    [
      'a reason for a verify, which the audit would not keep',
      'POST',
      '/api/v1/slices/pages/verify',
      '{"reason":"a doubt"}',
      400,
      'FICUS_CONTROL_REQUEST_INVALID',
    ],
    ['verify without tables', 'POST', '/api/v1/slices/pages/verify', '{}', 409, 'FICUS_CONTROL_NO_TABLES'],
    ['copy without tables', 'POST', '/api/v1/slices/pages/copy', '{}', 409, 'FICUS_CONTROL_NO_TABLES'],
    [
      'a verify that never ran',
      'GET',
      '/api/v1/slices/notes/verify',
      undefined,
      404,
      'FICUS_CONTROL_NOT_FOUND',
    ],
    ['another path', 'GET', '/api/v2/slices', undefined, 404, 'FICUS_CONTROL_NOT_FOUND'],
    [
      'a path that cannot be decoded',
      'GET',
      '/api/v1/slices/%ff',
      undefined,
      400,
      'FICUS_CONTROL_REQUEST_INVALID',
    ],
  ])('%s', async (_, method, path, body, status, code) => {
    const response = await fetch(control.address + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code, status, type: `urn:ficus:error:${code}` });
  });

  it('names every bad value with its path', async () => {
    const response = await fetch(`${control.address}/api/v1/slices/notes/serve`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"percent":101,"reason":5,"more":1}',
    });
    const { errors } = (await response.json()) as { errors: { path: string }[] };
    expect(errors.map(({ path }) => path).sort()).toEqual(['percent', 'reason', 'request']);
  });

  it('refuses foreign web pages', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', 'https://localhost']) {
      const response = await fetch(`${control.address}/api/v1/slices/notes/parity/reset`, {
        method: 'POST',
        headers: { origin },
      });
      expect(response.status).toBe(403);
    }
    const { hostname, port } = new URL(control.address);
    const embedded = (site: string, mode: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode };
        get({ hostname, port, path: '/api/v1/slices', headers }, (response: IncomingMessage) => {
          response.resume();
          resolve(response.statusCode);
        }).on('error', reject);
      });
    expect(await embedded('cross-site', 'no-cors')).toBe(403);
    expect(await embedded('same-site', 'no-cors')).toBe(403);
    expect(await embedded('cross-site', 'navigate')).toBe(200);
    expect(await embedded('same-origin', 'cors')).toBe(200);
    expect(await embedded('none', 'navigate')).toBe(200);
    const own = await fetch(`${control.address}/api/v1/slices`, { headers: { origin: control.address } });
    expect(own.status).toBe(200);
    expect(await statusFor('evil.example:80')).toBe(403);
    expect(await statusFor(`localhost:${new URL(control.address).port}`)).toBe(200);
  });

  it.each<[string, string, string]>([
    ['nginx, as it speaks by itself', '1.0', ''],
    ['a reverse proxy that names its client', '1.1', 'X-Forwarded-For: 203.0.113.9\r\n'],
    ['one that says that it stands between', '1.1', 'Via: 1.1 edge\r\n'],
    ['one of a standard', '1.1', 'Forwarded: for=203.0.113.9\r\n'],
  ])('is closed to the clients of a reverse proxy on its machine: %s', async (_, version, field) => {
    const { port } = new URL(control.address);
    const socket = connect(Number(port), '127.0.0.1');
    socket.end(
      `GET /api/v1/slices HTTP/${version}\r\nHost: 127.0.0.1:${port}\r\n${field}Connection: close\r\n\r\n`,
    );
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.[01] 403 /);
    expect(answer).toContain('FICUS_CONTROL_FOREIGN_ORIGIN');
    expect(answer).toContain('control.tokens');
  });

  it('asks for the token when there is one', async () => {
    const own = await createTestDatabase(inject('postgresPort'));
    const guarded = await start(
      { control: { listen: '127.0.0.1:0', database: own.url, token: 'correct-horse' } },
      own.url,
    );
    try {
      const failing = (token?: string) => createControlClient(guarded.address, token).slices();
      await expect(failing()).rejects.toMatchObject({ code: 'FICUS_CONTROL_TOKEN_MISSING' });
      await expect(failing('wrong-horse')).rejects.toMatchObject({ code: 'FICUS_CONTROL_FORBIDDEN' });
      expect(await failing('correct-horse')).toHaveLength(2);
      const raw = (path: string, authorization?: string) =>
        fetch(guarded.address + path, { headers: authorization ? { authorization } : {} }).then(
          (r) => r.status,
        );
      expect(await raw('/healthz')).toBe(200);
      expect(await raw('/metrics')).toBe(401);
      expect(await raw('/unleash/api/client/features', 'correct-horse')).toBe(200);
      expect(await raw('/api/v1/link/stream')).toBe(401);
    } finally {
      await guarded.stop();
      await own.drop();
    }
  });
});

describe('starting', () => {
  const failure = async (promise: Promise<Control>): Promise<FicusError> => {
    const outcome = await promise.catch((error: unknown) => error);
    if (outcome instanceof FicusError) return outcome;
    if (!(outcome instanceof Error)) await (outcome as Control).stop();
    throw new Error(`started, or failed otherwise: ${String(outcome)}`);
  };

  it('refuses a second control plane on the same database', async () => {
    const error = await failure(start());
    expect(error.code).toBe('FICUS_CONTROL_ALREADY_RUNNING');
    expect(error.message).toMatch(/127\.0\.0\.1:\d+\/control_/);
  });

  it('names an unreachable database without its password', async () => {
    const error = await failure(start({}, 'postgres://ficus:hunter2@127.0.0.1:1/ficus'));
    expect(error.code).toBe('FICUS_DATABASE_UNREACHABLE');
    expect(error.message).toContain('127.0.0.1:1/ficus');
    expect(error.message).not.toContain('hunter2');
  });

  it('names a taken port, and leaves nothing behind', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const own = await createTestDatabase(inject('postgresPort'));
    const listen = { control: { listen: `127.0.0.1:${port}`, database: own.url } };
    const error = await failure(start(listen, own.url));
    expect(error.code).toBe('FICUS_PORT_TAKEN');
    expect(error.message).toContain(`127.0.0.1:${port}`);
    taken.close();
    // On a separate port: this one may belong to another program by now.
    await (await start({}, own.url)).stop();
    await own.drop();
  });

  it('refuses the schema of a newer version', async () => {
    const own = await createTestDatabase(inject('postgresPort'));
    await (await start({}, own.url)).stop();
    await own.query('INSERT INTO ficus_control.migration (version) VALUES (99)');
    expect((await failure(start({}, own.url))).code).toBe('FICUS_CONTROL_SCHEMA_NEWER');
    await own.drop();
  });

  it('continues with the other slices when one stream cannot be opened', async () => {
    const own = await createTestDatabase(inject('postgresPort'));
    const one = await startControl({
      config: testConfig(own.url),
      logger: silent,
      replications: () => {
        throw new FicusError('FICUS_CDC_WAL_LEVEL', 'wal_level is replica.');
      },
    });
    const { replication } = await createControlClient(one.address).slice('notes');
    expect(replication).toMatchObject({
      state: 'stopped',
      healthy: false,
      problem: { code: 'FICUS_CDC_WAL_LEVEL', message: 'wal_level is replica.' },
    });
    expect((await fetch(`${one.address}/readyz`)).status).toBe(503);
    await one.stop();
    await own.drop();
  });
});

/** DNS rebinding: the browser uses one of the attacker's host names. */
async function statusFor(host: string): Promise<number | undefined> {
  const request = get(`${control.address}/api/v1/slices`, { headers: { host } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}
