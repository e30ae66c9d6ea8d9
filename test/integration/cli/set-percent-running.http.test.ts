/** Where `ficus serve` sets a flag while a proxy runs with other places than its file names. */
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type FlagsConfig, percentFlag } from '@ficus/core';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadReachable } from '../../../cli/config/load-reachable.ts';
import { recordRunning } from '../../../cli/config/running-record.ts';
import { setPercent } from '../../../cli/flags/set-percent.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

const directory = await makeTestDirectory('set-percent-running');
const config = join(directory, 'ficus.yaml');
const running = join(directory, 'running.json');
const named = join(directory, 'named.json');

/** What the control plane was asked, and what it answers. */
let asked: string[];
let answer: RequestListener;
let server: Server;
let listen: string;

beforeEach(async () => {
  asked = [];
  answer = (_, response) =>
    response.end(JSON.stringify({ previous: 25, percent: 0, slice: { name: 'notes' } }));
  server = createServer((request, response) => {
    if (request.method === 'PUT') asked.push(`${request.url} ${request.headers.authorization ?? 'no token'}`);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  listen = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const file of [running, named])
    await writeFile(
      file,
      JSON.stringify({ version: 2, features: [percentFlag('notes.serve', 'notes', 25)] }),
    );
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const refuse =
  (status: number, code: string, detail: string): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code, detail }));
  };

const unleash = { url: 'http://127.0.0.1:4242/api', token: 'a token', refreshMs: 1000 };
const UNLEASH: FlagsConfig = { provider: 'unleash', environment: 'default', unleash };
const FILE: FlagsConfig = { provider: 'file', environment: 'default', file: running };
const BUILTIN: FlagsConfig = { provider: 'builtin', environment: 'default' };

interface Running {
  readonly flags: FlagsConfig;
  readonly controlUrl?: string;
  readonly hasDatabase?: boolean;
}

async function serve(percent: number, { flags, controlUrl, hasDatabase }: Running, text: string) {
  const control = hasDatabase ? ({ database: 'postgres://127.0.0.1:9/control' } as never) : undefined;
  const forget = await recordRunning(config, { flags, control }, { controlUrl });
  try {
    await writeFile(config, `${SLICES}${text}\n`);
    const reachable = await loadReachable(config, 'notes', () => undefined);
    return await setPercent(reachable, { slice: 'notes', kind: 'serve', percent, reason: '', force: false });
  } finally {
    await forget();
  }
}

const SLICES = `version: 1
legacy: { url: "http://127.0.0.1:9" }
slices: { notes: { candidate: { url: "http://127.0.0.1:9", credentials: [] }, routes: [{ id: list, path: /notes }] } }
`;
const controlAt = (address: string) =>
  `control: { listen: "${address}", token: "its own token", database: "postgres://127.0.0.1:9/control" }\n`;
const NAMED_FILE = 'flags: { provider: file, file: named.json }\n';
const UNSET = `flags: { provider: unleash, unleash: { url: "${unleash.url}", token: "\${NO_SUCH_VARIABLE}" } }\n`;
const BY_HAND = 'By hand: in Unleash at http://127.0.0.1:4242/api, turn notes.serve off.';

const shareIn = async (file: string) =>
  JSON.parse(await readFile(file, 'utf8')).features[0].strategies[0].parameters.rollout;

test.each([
  ['without their variables', UNSET],
  ['and the file names others', NAMED_FILE],
])('flags in Unleash %s: the control plane sets them', async (_, flags) => {
  const outcome = await serve(0, { flags: UNLEASH, hasDatabase: true }, controlAt(listen) + flags);
  expect([outcome.previous, outcome.file]).toEqual([25, undefined]);
  expect(asked).toEqual(['/api/v1/slices/notes/serve Bearer its own token']);
  expect(await shareIn(named)).toBe('25');
});

test('flags in Unleash without their variables: while the control plane is away, it says what to do by hand', async () => {
  answer = refuse(503, 'FICUS_DATABASE_UNREACHABLE', 'The database is away.');
  await expect(
    serve(0, { flags: UNLEASH, hasDatabase: true }, controlAt(listen) + UNSET),
  ).rejects.toMatchObject({
    code: 'FICUS_RUNNING_ELSEWHERE',
    message: expect.stringMatching(
      /^The database is away\. .*Unleash at http.* By hand: in Unleash at .*, turn notes\.serve off\.$/,
    ),
  });
});

test('flags in Unleash, and no control plane: the way back says what to do by hand, a raise why it fails', async () => {
  for (const flags of [UNSET, NAMED_FILE])
    await expect(serve(0, { flags: UNLEASH }, flags)).rejects.toMatchObject({
      code: 'FICUS_RUNNING_ELSEWHERE',
      message: expect.stringContaining(BY_HAND),
    });
  await expect(serve(50, { flags: UNLEASH }, NAMED_FILE)).rejects.toMatchObject({
    code: 'FICUS_RUNNING_ELSEWHERE',
    message: expect.not.stringContaining('By hand'),
  });
  expect(await shareIn(named)).toBe('25');
});

test.each([
  ['no control plane any more', ''],
  ['another control plane', controlAt('127.0.0.1:9')],
])('built-in flags, and the file names %s: the one that runs is asked without a token', async (_, text) => {
  const runs = { flags: BUILTIN, controlUrl: `http://${listen}`, hasDatabase: true };
  expect(await serve(0, runs, text)).toMatchObject({ previous: 25 });
  expect(asked).toEqual(['/api/v1/slices/notes/serve no token']);
  answer = refuse(401, 'FICUS_CONTROL_TOKEN_MISSING', 'The request has no Authorization header.');
  await expect(serve(0, runs, text)).rejects.toMatchObject({
    code: 'FICUS_RUNNING_ELSEWHERE',
    message: expect.stringContaining(`PUT {"percent":0} to http://${listen}/api/v1/slices/notes/serve.`),
  });
  await expect(serve(50, runs, text)).rejects.toMatchObject({
    code: 'FICUS_RUNNING_ELSEWHERE',
    message: expect.not.stringContaining('By hand'),
  });
});

test('the control plane was taken out of the file: no raise passes by its guards, and the way back is open', async () => {
  const runs = { flags: FILE, controlUrl: `http://${listen}`, hasDatabase: true };
  const flags = 'flags: { provider: file, file: running.json }\n';
  await expect(serve(50, runs, flags)).rejects.toMatchObject({
    message: expect.stringContaining('notes.serve can only be lowered'),
  });
  expect(await shareIn(running)).toBe('25');
  expect(await serve(0, runs, flags)).toMatchObject({ previous: 25, file: { path: running } });
});

test('the control plane has changed another file: that of the running proxy is changed too, and named', async () => {
  const outcome = await serve(0, { flags: FILE, hasDatabase: true }, controlAt(listen) + NAMED_FILE);
  expect(outcome).toMatchObject({ previous: 25, file: { path: running } });
  expect(await shareIn(running)).toBe('0');
});

test('a raise that the control plane has made in another file than the running proxy reads is said', async () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await serve(50, { flags: FILE, hasDatabase: true }, controlAt(listen) + NAMED_FILE);
    expect(said.mock.calls.join()).toContain(
      'notes.serve was set in another place than the running proxy reads',
    );
  } finally {
    said.mockRestore();
  }
  expect(await shareIn(running)).toBe('25');
});

test('the control plane has changed that of the running proxy: the operator need not be able to', async () => {
  answer = async (request, response) => {
    if (request.method === 'PUT') await writeFile(running, '{"version":2,"features":[]}');
    response.end(JSON.stringify({ previous: 25, percent: 0, slice: { name: 'notes' } }));
  };
  const outcome = await serve(0, { flags: FILE, hasDatabase: true }, controlAt(listen) + NAMED_FILE);
  expect([outcome.previous, outcome.file]).toEqual([25, undefined]);
});

test('the file of the running proxy cannot be changed: what the control plane has done is said', async () => {
  await writeFile(running, 'no flags');
  await expect(
    serve(0, { flags: FILE, hasDatabase: true }, controlAt(listen) + NAMED_FILE),
  ).rejects.toMatchObject({
    code: 'FICUS_FLAGS_FILE_INVALID',
    message: expect.stringMatching(
      /^The control plane has set notes\.serve to 0 %, but not in the file that the running proxy reads: .*running\.json/,
    ),
  });
});
