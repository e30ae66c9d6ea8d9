/** Whose verdict it is, while versions of the candidate answer in turn. */
import { configSchema, type ObservedResponse, type Side } from '@ficus/core';
import { type OpenedAsker, openAsker } from '@ficus/proxy';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { anObservation, jsonAnswer } from './observation.fixture.ts';
import { ParityService } from './parity-service.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 0 }));
afterEach(() => void vi.useRealTimers());

/** @param version what the answer says; none for an error page */
function answerOf(body: string, version?: string, status = 200): ObservedResponse {
  const said: [string, string][] = version === undefined ? [] : [['x-version', version]];
  return { ...jsonAnswer(body), status, headers: [['content-type', 'application/json'], ...said] };
}

/** @param tables a mismatch in a slice with tables is asked again */
function play(answers?: Readonly<Record<Side, ObservedResponse>>, tables: object[] = []) {
  const lines: Record<string, unknown>[] = [];
  const database = 'postgres://127.0.0.1/a';
  const config = configSchema.parse({
    version: 1,
    control: { listen: '127.0.0.1:0', database },
    legacy: { url: 'http://legacy.test', database },
    slices: {
      notes: {
        candidate: { url: 'http://candidate.test', database, versionHeader: 'x-version' },
        routes: [{ id: 'list', path: '/api/notes' }],
        tables,
      },
    },
  });
  const service = new ParityService({
    config,
    catchUp: async () => true,
    stateOf: () => ({ owner: 'legacy', epoch: 1, writes: 'open' }),
    logger: pino(
      {},
      { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    ),
    openAsker: (config): OpenedAsker => ({ ...openAsker(config), ask: async (side) => answers![side] }),
  });
  /** A millisecond after the one before. */
  const observe = (candidate: ObservedResponse) => {
    service.observe(anObservation({ candidate }));
    vi.setSystemTime(Date.now() + 1);
  };
  return { service, lines, observe, counts: () => service.report('notes')!.counts };
}

test('error pages without the header fail the version that made them', () => {
  const { service, lines, observe } = play();
  for (let turn = 0; turn < 5; turn += 1) observe(answerOf('{"a":1}', '2'));
  for (let turn = 0; turn < 5; turn += 1) observe(answerOf('<h1>Internal Server Error</h1>', undefined, 500));
  expect(service.versions('notes').current).toBe('2');
  expect(service.report('notes')).toMatchObject({ ratio: 0.5, counts: { match: 5, mismatch: 5 } });
  expect(service.report('notes')!.samples).toHaveLength(5);
  expect(lines).toMatchObject([{ msg: 'parity mismatch', version: '2' }]);
});

test('the log names the version whose answer differs', () => {
  const { lines, observe } = play();
  observe(answerOf('{"a":1}', '1'));
  observe(answerOf('{"a":1}', '2'));
  observe(answerOf('{"a":2}', '1'));
  expect(lines).toMatchObject([{ msg: 'parity mismatch', version: '1' }]);
});

const tables = [{ from: 'public.notes', to: 'public.notes' }];

test.each([
  ['2', { inconclusive: 1, mismatch: 0 }],
  ['1', { inconclusive: 0, mismatch: 1 }],
  // An error page may be of the same version.
  [undefined, { inconclusive: 0, mismatch: 1 }],
] as const)('a difference that version %s confirms', async (version, counted) => {
  const again = { legacy: jsonAnswer('{"a":1}'), candidate: answerOf('{"a":2}', version) };
  const { service, observe, counts } = play(again, tables);
  observe(answerOf('{"a":2}', '1'));
  await expect.poll(() => service.confirming('notes')).toBe(0);
  expect(counts()).toMatchObject(counted);
});

test('a difference is no sign of life of its version at the time when it is confirmed', async () => {
  const again = { legacy: jsonAnswer('{"a":1}'), candidate: answerOf('{"a":2}', '1') };
  const { service, observe } = play(again, tables);
  observe(answerOf('{"a":2}', '1'));
  observe(answerOf('{"a":1}', '2'));
  await expect.poll(() => service.confirming('notes')).toBe(0);
  expect(service.versions('notes')).toMatchObject({ current: '2', earlier: [{ version: '1' }] });
});

test('what asks the candidate again has no credentials that it did not get', () => {
  const { service } = play();
  const requestHeaders = [
    ['authorization', 'Bearer a'],
    ['accept', '*/*'],
  ] as [string, string][];
  service.observe(anObservation({ requestHeaders, candidate: answerOf('{"error":1}', '1', 401) }));
  const [sample] = service.report('notes')!.samples;
  expect(sample?.curl.legacy).toContain('FICUS_AUTHORIZATION');
  expect(sample?.curl.candidate).toContain('accept');
  expect(sample?.curl.candidate).not.toContain('FICUS_AUTHORIZATION');
});
