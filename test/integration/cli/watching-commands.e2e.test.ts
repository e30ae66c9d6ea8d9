/**
 * `ficus verify` and `ficus copy` watch work of the control plane. However the watching ends, no half progress line
 * stays on the terminal, and the output reports that the work continues.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FICUS, startCommand, stopAll } from '../../e2e/run-command.ts';

const RUN = {
  state: 'running',
  verdict: null,
  equal: null,
  rowsCompared: 500,
  rowsTotal: 1000,
  tables: [],
  problem: null,
};
const COPY = { rowsCopied: 500, rowsTotal: 1000, rowsPerSecond: 10, percent: 50, timeLeftMs: 50_000 };
const REPLICATION = { state: 'copying', copied: false, copy: COPY, problem: null };

let folder: string;
let config: string;
/** Replaces a control plane whose work never ends; `mute` stops answering. */
let control: Server;
let mute: boolean;
/** Breaks off in the middle of its answers. */
let torn: boolean;
let replication: object;
let run: object;

beforeEach(async () => {
  mute = false;
  torn = false;
  replication = REPLICATION;
  run = RUN;
  control = createServer((request, response) => {
    request.resume();
    if (mute) return;
    response.setHeader('content-type', 'application/json');
    if (torn) {
      response.write('{"state":', () => response.destroy());
      return;
    }
    response.end(JSON.stringify(request.url?.endsWith('/verify') ? run : replication));
  }).listen(0, '127.0.0.1');
  await once(control, 'listening');
  const address = control.address();
  folder = await mkdtemp(join(tmpdir(), 'ficus-watching-'));
  config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    `version: 1
control: { listen: "127.0.0.1:${typeof address === 'object' ? address?.port : 0}", database: postgres://nobody@127.0.0.1/none }
legacy: { url: http://127.0.0.1:9 }
slices:
  inbox: { candidate: { url: http://127.0.0.1:9 }, routes: [{ id: list, path: /inbox }] }
`,
  );
});
afterEach(async () => {
  await stopAll();
  control.closeAllConnections();
  control.close();
  await rm(folder, { recursive: true, force: true });
});

/** A terminal, as far as the command can detect. */
const TERMINAL = [
  '--import',
  'data:text/javascript,process.stderr.isTTY = true; process.stderr.columns = 60',
];
const CLEARED = '\r\u001b[2K';

const watch = (command: string, ...options: string[]) =>
  startCommand([...TERMINAL, FICUS, command, 'inbox', '--config', config, ...options]);

/** What a terminal finally shows of a stream: the last drawing of each line. */
const shown = (stream: string) =>
  stream
    .split('\n')
    .map((line) => line.split(CLEARED).at(-1))
    .join('\n');

test.each([
  ['verify', 'The comparison continues in the background'],
  ['copy', 'The copy continues in the background'],
])('Ctrl-C during ficus %s', async (command, words) => {
  const running = watch(command);
  await running.untilError('50 %');
  running.child.kill('SIGINT');
  const { status, stdout, stderr } = await running.ended;
  expect([status, shown(stderr)]).toEqual([1, '']);
  expect(stdout).toContain(words);
});

test('Ctrl-C during ficus verify --json: the document says that it runs', async () => {
  const running = watch('verify', '--json');
  await running.untilError('50 %');
  running.child.kill('SIGINT');
  const { status, stdout, stderr } = await running.ended;
  expect([status, shown(stderr)]).toEqual([1, '']);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, state: 'running' });
});

test('Ctrl-C during ficus verify while the control plane hangs', async () => {
  const running = watch('verify');
  await running.untilError('50 %');
  mute = true;
  await once(control, 'request');
  running.child.kill('SIGINT');
  const { status, stderr } = await running.ended;
  expect([status, shown(stderr)]).toEqual([1, '']);
});

test('a second Ctrl-C during ficus copy, while the control plane hangs', async () => {
  const running = watch('copy');
  await running.untilError('50 %');
  mute = true;
  await once(control, 'request');
  running.child.kill('SIGINT');
  running.child.kill('SIGTERM');
  const { status, stderr } = await running.ended;
  expect([status, shown(stderr)]).toEqual([3, '']);
});

test.each(['verify', 'copy'])('a control plane that goes away during ficus %s', async (command) => {
  const running = watch(command);
  await running.untilError('50 %');
  control.closeAllConnections();
  control.close();
  const { status, stderr } = await running.ended;
  expect(status).toBe(3);
  expect(stripVTControlCharacters(shown(stderr))).toMatch(
    /^error: No control plane answers at [^\n]+\n {2}Start it/,
  );
});

test.each(['verify', 'copy'])('a control plane that goes away while it answers ficus %s', async (command) => {
  const running = watch(command);
  await running.untilError('50 %');
  torn = true;
  const { status, stderr } = await running.ended;
  expect(status).toBe(3);
  expect(stripVTControlCharacters(shown(stderr))).toMatch(/^error: No control plane answers at /);
});

test.each([true, false])('ficus copy follows a stopped stream until it runs (copied: %s)', async (copied) => {
  const problem = {
    code: 'FICUS_CDC_CONFLICT',
    message: 'Row 7 is there already.',
    remedy: 'Find the writer.',
  };
  replication = { state: 'stopped', copied, copy: COPY, problem };
  const { status, stdout, stderr } = await watch('copy').ended;
  expect([status, stdout]).toEqual([3, '']);
  expect(shown(stderr)).toContain('Row 7 is there already.');
});

test('ficus copy of a stream that is about to run waits for it', async () => {
  replication = { state: 'starting', copied: true, copy: COPY, problem: null };
  const running = watch('copy');
  await running.untilError('50 %');
  replication = { state: 'streaming', copied: true, copy: COPY, problem: null };
  const { status, stdout } = await running.ended;
  expect(status).toBe(0);
  expect(stdout).toContain('the stream is streaming');
});

test('without a terminal a comparison prints its result and nothing else; nothing changed is no failure', async () => {
  run = { ...RUN, state: 'done', mode: 'changed', verdict: 'inconclusive', nothingChanged: true };
  const command = startCommand([FICUS, 'verify', 'inbox', '--changed', '--config', config]);
  const { status, stdout, stderr } = await command.ended;
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('no row has changed');
});

test('ficus copy passes on the code of a stream that has stopped', async () => {
  const problem = { code: 'FICUS_CDC_SLOT_LOST', message: 'The source has no slot “s”; it was dropped.' };
  replication = {
    state: 'stopped',
    copied: false,
    copy: null,
    problem: { ...problem, remedy: 'Copy again.' },
  };
  const { status, stdout } = await watch('copy', '--json').ended;
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: problem });
});
