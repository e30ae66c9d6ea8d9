/** The control plane's end of the link: state and progress, positions, reports, observations and their confirmation. */

import { randomUUID } from 'node:crypto';
import { type ControlClient, createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import {
  encodeObservation,
  LINK_PATHS,
  type Observation,
  type ObservedResponse,
  type ProgressEvent,
  type StateEvent,
} from '@ficus/core';
import { Seal } from '@ficus/proxy';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { anObservation, jsonAnswer } from '../../../control/parity/observation.fixture.ts';
import { type Side, startSide } from './answering-side.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

const SECRET = 'sixteen-letters-or-more';

let database: TestDatabase;
let control: Control;
let client: ControlClient;
let stream: HandPlayedReplication;
let legacy: Side;
let candidate: Side;

beforeAll(async () => {
  [database, legacy, candidate] = await Promise.all([
    createTestDatabase(inject('postgresPort')),
    startSide(),
    startSide(),
  ]);
  const config = testConfig(database.url, {
    proxy: {
      identify: {
        user: { cookie: 'sid', introspect: '/whoami' },
        assert: { secret: SECRET },
      },
    },
    legacy: { url: legacy.url, database: database.url },
    slices: {
      notes: {
        candidate: { url: candidate.url, database: database.url },
        routes: [{ id: 'list', path: '/api/notes' }],
        tables: [{ from: 'notes', to: 'notes' }],
      },
      pages: { candidate: { url: candidate.url }, routes: [{ id: 'page', path: '/pages/*' }] },
    },
  });
  control = await startControl({
    config,
    logger: silent,
    replications: (options) => {
      stream = new HandPlayedReplication(options);
      return stream;
    },
  });
  client = createControlClient(control.address);
});
afterAll(async () => {
  await control.stop();
  for (const side of [legacy, candidate]) side.server.close();
  await database.drop();
});
beforeEach(async () => {
  for (const side of [legacy, candidate]) {
    side.seen = [];
    side.answer = () => '{}';
  }
  stream.reaches = true;
  await client.resetParity('notes');
  await client.resetParity('pages');
});

const post = (path: string, body: unknown) =>
  fetch(control.address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Reads server-sent events until the caller breaks off. */
async function* events(signal: AbortSignal): AsyncGenerator<{ event: string; data: unknown }> {
  const response = await fetch(control.address + LINK_PATHS.stream, { signal });
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event && data) yield { event, data: JSON.parse(data) };
    }
  }
}

describe('stream', () => {
  it('sends state, then progress, then every change, at most one in 10 ms', async () => {
    const abort = new AbortController();
    const seen: { event: string; data: unknown }[] = [];
    const reading = (async () => {
      for await (const event of events(abort.signal)) seen.push(event);
    })().catch(() => undefined);
    await expect.poll(() => seen.length).toBe(2);
    expect(seen[0]).toMatchObject({
      event: 'state',
      data: { slices: { notes: { owner: 'legacy', epoch: 1, writes: 'open' }, pages: {} } } satisfies Record<
        keyof StateEvent,
        unknown
      >,
    });
    expect(seen[1]).toMatchObject({
      event: 'progress',
      data: { slices: { notes: { appliedLsn: '0/10', healthy: true } } } satisfies ProgressEvent,
    });

    for (let lsn = 0x20; lsn < 0x60; lsn++)
      stream.play({ appliedLsn: `0/${lsn.toString(16).toUpperCase()}` });
    const last = () => seen.at(-1)?.data as ProgressEvent;
    await expect.poll(last).toMatchObject({ slices: { notes: { appliedLsn: '0/5F' } } });
    expect(seen.length).toBeLessThan(6);

    stream.play({ state: 'stopped' });
    await expect.poll(last).toMatchObject({ slices: { notes: { healthy: false } } });
    stream.play({ state: 'streaming', appliedLsn: '0/10' });
    abort.abort();
    await reading;
  });

  it('says what the candidate’s data lacks, as soon as it does', async () => {
    const abort = new AbortController();
    const lacks: unknown[] = [];
    const reading = (async () => {
      for await (const { event, data } of events(abort.signal)) {
        if (event === 'state') lacks.push((data as StateEvent).slices.notes?.lacks);
      }
    })().catch(() => undefined);
    await expect.poll(() => lacks).toEqual([undefined]);
    const problem = { code: 'FICUS_CDC_SCHEMA_CHANGED', message: 'changed', remedy: 'copy again' };
    stream.play({ state: 'stopped', problem });
    await expect.poll(() => lacks.at(-1)).toBe('changes');
    stream.play({ state: 'copying', problem: undefined });
    await expect.poll(() => lacks.at(-1)).toBe('rows');
    stream.play({ state: 'streaming' });
    await expect.poll(() => lacks.at(-1)).toBe(undefined);
    expect(lacks).toEqual([undefined, 'changes', 'rows', undefined]);
    abort.abort();
    await reading;
  });
});

describe('positions', () => {
  it('answers for slices that have a stream', async () => {
    stream.position = '1/ABC';
    const response = await post(LINK_PATHS.positions, { slices: ['notes', 'pages', 'nope'] });
    expect(await response.json()).toEqual({ positions: { notes: '1/ABC' } });
  });
});

describe('reports', () => {
  it('an acknowledgement of an attempt that is not under way renews no lease', async () => {
    const hold = { attempt: 7, writes: 'leased', inFlight: 0, held: 0, heldBytes: 0, full: false };
    for (const slice of ['notes', 'nope', '__proto__']) {
      const body = `{"proxyId":"p","number":1,"slices":{"${slice}":${JSON.stringify(hold)}}}`;
      const response = await fetch(control.address + LINK_PATHS.holds, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(response.status).not.toBe(204);
      if (slice !== '__proto__')
        expect(await response.json()).toMatchObject({ code: 'FICUS_CONTROL_ATTEMPT_OVER', renewed: [] });
    }
    expect((await post(LINK_PATHS.holds, { proxyId: 'p', number: 2, slices: {} })).status).toBe(204);
  });

  it('become traffic by side, dropped copies, and a list of proxies', async () => {
    const traffic = (side: string, reason: string, requests: number, failures = 0) => ({
      slice: 'notes',
      route: 'list',
      side,
      reason,
      requests,
      failures,
      durationMs: requests * 2,
    });
    const response = await post(LINK_PATHS.report, {
      proxyId: 'p1',
      workers: 2,
      epochs: { notes: 1 },
      traffic: [
        traffic('candidate', 'serve-flag-on', 25, 1),
        traffic('legacy', 'serve-flag-off', 70),
        traffic('legacy', 'pinned', 5),
        traffic('legacy', 'owner-writes', 900),
      ],
      droppedCopies: [{ slice: 'notes', reason: 'memory', copies: 3 }],
    });
    expect(response.status).toBe(204);
    const slice = await client.slice('notes');
    expect(slice.traffic).toMatchObject({
      candidateSharePercent: 25,
      legacy: { requests: 975, failures: 0, meanMs: 2 },
      candidate: { requests: 25, failures: 1 },
      reasons: { pinned: 5, 'owner-writes': 900 },
    });
    expect(slice.parity.counts.skipped).toBe(3);
    expect(slice.parity.ratio).toBeNull();
    expect(await client.proxies()).toMatchObject([{ proxyId: 'p1', workers: 2, epochs: { notes: 1 } }]);
    const metrics = await (await fetch(`${control.address}/metrics`)).text();
    expect(metrics).toContain(
      'ficus_reported_requests_total{slice="notes",route="list",side="legacy",reason="pinned"} 5',
    );
    expect(metrics).toMatch(/^(#.*|[a-z_]+\{[^}]*\} [0-9.e+-]+)$/m);
  });

  it('are refused when their shape is wrong, with the path', async () => {
    const response = await post(LINK_PATHS.report, { proxyId: 'p', workers: 1, epochs: {}, traffic: [{}] });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { detail: string }).detail).toContain('traffic[0].slice');
  });
});

describe('observations', () => {
  /** From a proxy that knows the secret of assertions. */
  const sealed = (over: Partial<Observation>) => {
    const observation = anObservation({
      requestId: randomUUID(),
      at: Date.now(),
      target: over.slice === 'pages' ? '/pages/1' : '/api/notes?page=1',
      requestHeaders: [
        ['Host', 'shop.example'],
        ['Cookie', 'sid=secret'],
        ['Accept', 'application/json'],
      ],
      ...over,
    });
    return encodeObservation({ ...observation, seal: new Seal([SECRET]).of(observation) });
  };
  const observe = async (left: string, right: string, over: Partial<Observation> = {}) => {
    const observation = sealed({ legacy: jsonAnswer(left), candidate: jsonAnswer(right), ...over });
    const response = await post(LINK_PATHS.observations, { observations: [observation] });
    expect(response.status).toBe(204);
  };
  const counts = async (slice = 'notes') => (await client.slice(slice)).parity.counts;

  it('that agree are matches', async () => {
    await observe('{"a":1}', '{"a":1}');
    expect(await counts()).toMatchObject({ match: 1, mismatch: 0 });
    expect((await client.slice('notes')).parity.ratio).toBe(1);
  });

  it('that still differ once the stream has caught up are mismatches, with both values and curl', async () => {
    legacy.answer = () => '{"a":1}';
    candidate.answer = () => '{"a":2}';
    await observe('{"a":1}', '{"a":2}', { caller: { user: 'user-7' } });
    await expect.poll(async () => (await counts()).mismatch).toBe(1);
    const [sample] = (await client.slice('notes')).parity.samples;
    expect(sample).toMatchObject({
      request: expect.stringMatching(/^GET \/api\/notes\?page=‹\d›$/),
      differences: [{ path: '$.a', legacy: '1', candidate: '2' }],
    });
    expect(sample?.curl.candidate).toContain(`'${candidate.url}/api/notes?page='"$FICUS_QUERY_PAGE"`);
    expect(JSON.stringify(sample)).not.toMatch(/sid=secret|user-7/);
    const asked = candidate.seen[0]!;
    expect(asked).toMatchObject({ 'x-ficus-shadow': '1', host: 'shop.example' });
    // The session stays with the legacy.
    expect([asked.cookie, legacy.seen[0]!.cookie]).toEqual([undefined, 'sid=secret']);
    const claims = JSON.parse(
      Buffer.from(String(asked['x-ficus-identity']).split('.')[1]!, 'base64url').toString(),
    );
    expect(claims).toMatchObject({ iss: 'ficus', aud: 'notes', sub: 'user-7' });
    expect(legacy.seen.every((headers) => headers['x-ficus-identity'] === undefined)).toBe(true);
  });

  it('that agree once the stream has caught up were stale', async () => {
    legacy.answer = () => '{"a":2}';
    candidate.answer = () => '{"a":2}';
    await observe('{"a":2}', '{"a":1}');
    await expect.poll(async () => (await counts()).stale).toBe(1);
    expect(await counts()).toMatchObject({ mismatch: 0, match: 0 });
  });

  it('that the stream never catches up with are inconclusive', async () => {
    stream.reaches = false;
    await observe('{"a":1}', '{"a":2}');
    await expect.poll(async () => (await counts()).inconclusive).toBe(1);
  });

  it('that differ where the owner’s own answers differ are inconclusive, and say where', async () => {
    let time = 0;
    legacy.answer = () => `{"now":${time++}}`;
    candidate.answer = () => `{"now":${1000 + time++}}`;
    await observe('{"now":0}', '{"now":1}');
    await expect.poll(async () => (await counts()).inconclusive).toBe(1);
    expect(Object.keys((await client.slice('notes')).parity.reasons)).toEqual([
      'inconclusive: the owner’s own answers differ at $.now',
    ]);
  });

  it('may name the upstream or the public host where they redirect to', async () => {
    const moved = (location: string): ObservedResponse => ({
      status: 302,
      headers: [['location', location]],
      body: Buffer.alloc(0),
      truncated: false,
      durationMs: 1,
    });
    const redirect = (left: string, right: string) =>
      observe('', '', { slice: 'pages', route: 'page', legacy: moved(left), candidate: moved(right) });
    await redirect('https://shop.example/login', '/login');
    await redirect(`${legacy.url}/login`, `${candidate.url}/login`);
    await redirect('https://shop.example/login', 'https://evil.example/login');
    expect(await counts('pages')).toMatchObject({ match: 2, mismatch: 1 });
  });

  it('of a slice without tables cannot be lag', async () => {
    await observe('{"a":1}', '{"a":2}', { slice: 'pages', route: 'page' });
    expect(await counts('pages')).toMatchObject({ mismatch: 1 });
    expect(candidate.seen).toEqual([]);
  });

  it('that no proxy of this config can have made are refused, and counted by reason', async () => {
    await client.resetParity('notes');
    await observe('{"a":1}', '{"a":2}', { target: '/internal/everything' });
    const forged = { ...sealed({ caller: { user: 'director' } }), caller: { user: 'other' } };
    await post(LINK_PATHS.observations, { observations: [forged] });
    const metrics = await (await fetch(`${control.address}/metrics`)).text();
    expect(metrics).toContain('ficus_reports_refused_total{kind="observation",reason="target-off-route"} 1');
    expect(metrics).toContain('ficus_reports_refused_total{kind="observation",reason="seal-wrong"} 1');
    expect(candidate.seen).toEqual([]);
    expect((await client.slice('notes')).parity).toMatchObject({ compared: 0, confirming: 0 });
  });

  it('that are malformed affect no others, and are counted', async () => {
    await client.resetParity('notes');
    const [good, bad] = [sealed({}), { ...sealed({}), target: 'http://elsewhere/' }];
    const response = await post(LINK_PATHS.observations, { observations: [bad, good] });
    expect(response.status).toBe(204);
    expect(await counts()).toMatchObject({ match: 1 });
    const metrics = await (await fetch(`${control.address}/metrics`)).text();
    expect(metrics).toContain('ficus_reports_refused_total{kind="observation",reason="shape-wrong"} 1');
  });

  it('without a batch around them have the wrong shape', async () => {
    const response = await post(LINK_PATHS.observations, { observations: sealed({}) });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { detail: string }).detail).toContain('observations');
  });

  it('beyond the limit count as inconclusive, none is lost', async () => {
    let release = (_: boolean): void => undefined;
    const gate = new Promise<boolean>((resolve) => {
      release = resolve;
    });
    stream.reaches = () => gate;
    legacy.answer = () => '{"a":1}';
    candidate.answer = () => '{"a":2}';
    const one = () => sealed({ legacy: jsonAnswer('{"a":1}'), candidate: jsonAnswer('{"a":2}') });
    await post(LINK_PATHS.observations, { observations: Array.from({ length: 600 }, one) });
    const { parity } = await client.slice('notes');
    expect(parity).toMatchObject({ confirming: 504, counts: { inconclusive: 600 - 504 } });
    release(true);
    // Each confirmation is two requests, in this process.
    await expect.poll(async () => (await counts()).mismatch, { timeout: 60_000 }).toBe(504);
    expect((await client.slice('notes')).parity.confirming).toBe(0);
  }, 120_000);

  it('of an older window do not count in the new one', async () => {
    let release = (_: boolean): void => undefined;
    const gate = new Promise<boolean>((resolve) => {
      release = resolve;
    });
    let waiting = false;
    stream.reaches = () => {
      waiting = true;
      return gate;
    };
    legacy.answer = () => '{"a":1}';
    await observe('{"a":1}', '{"a":2}');
    await expect.poll(() => waiting).toBe(true);
    await client.resetParity('notes');
    release(true);
    await expect.poll(() => candidate.seen.length).toBeGreaterThan(0);
    expect((await client.slice('notes')).parity.compared).toBe(0);
  });
});
