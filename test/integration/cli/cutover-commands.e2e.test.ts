/**
 * `ficus cutover`, `rollback` and `retire` against a control plane that is played: what they send, what they show, how they
 * exit, and what they say when the watching ends before the attempt.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttemptView, CutoverView } from '@ficus/contract';
import { toProblem } from '@ficus/core';
import { freePort } from '@ficus/tools';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { attemptOf, cutoverOf, FAILURE, proxyOf, stepsUntil } from '../../../cli/output/attempt.fixture.ts';
import { FICUS, ROOT, startCommand, stopAll } from '../../e2e/run-command.ts';

const SLICE = {
  name: 'notes',
  routes: [{ id: 'list', methods: ['GET'], path: '/notes', kind: 'read' }],
  tables: [{ from: 'public.notes', to: 'public.notes' }],
  rollback: { answer: 'fail', text: 'The stream back is stopped: 12 writes of the candidate would be lost.' },
};
const running = (over: Partial<AttemptView> = {}) =>
  attemptOf({
    state: 'running',
    step: 'hold',
    finishedAt: null,
    steps: stepsUntil('hold', 'running'),
    ...over,
  });

let folder: string;
let config: string;
let control: Server;
/** What is sent, and its body. */
let sent: { call: string; body: unknown }[];
/** Answers to the next looks, the last for all after it. */
let looks: CutoverView[];
/** Answer to what begins an attempt, resumes one, or retires. */
let begun: CutoverView;
let refusal: ReturnType<typeof toProblem> | undefined;
/** Breaks off what begins an attempt. */
let tornBegin: boolean;

const look = (): CutoverView => (looks.length > 1 ? looks.shift()! : looks[0]!);

function listen(port: number): Server {
  return createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const call = `${request.method} ${request.url?.replace(/\?.*/, '')}`;
    if (request.method === 'POST') sent.push({ call, body: JSON.parse(text || '{}') });
    if (request.method === 'POST' && tornBegin) return void response.destroy();
    response.setHeader('content-type', 'application/json');
    if (request.method === 'POST' && refusal) response.statusCode = refusal.status;
    // A look that waits for a change waits for a moment here, too: a command that asks without a pause would spin.
    if (request.url?.includes('after=')) await new Promise((resolve) => setTimeout(resolve, 20));
    response.end(JSON.stringify(answerTo(call)));
  }).listen(port, '127.0.0.1');
}

function answerTo(call: string): unknown {
  if (call.startsWith('POST')) return refusal ?? begun;
  if (call.endsWith('/cutover')) return look();
  return call.endsWith('/healthz') ? { now: new Date().toISOString() } : SLICE;
}

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

beforeEach(async () => {
  sent = [];
  refusal = undefined;
  tornBegin = false;
  begun = cutoverOf(running());
  looks = [cutoverOf(running())];
  // One that is listened on again must be given to no one else meanwhile.
  control = listen(await freePort());
  await once(control, 'listening');
  folder = await mkdtemp(join(tmpdir(), 'ficus-cutover-'));
  config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    `version: 1
control: { listen: "127.0.0.1:${portOf(control)}", database: postgres://nobody@127.0.0.1/none }
legacy: { url: http://127.0.0.1:9 }
slices:
  notes: { candidate: { url: http://127.0.0.1:9 }, routes: [{ id: list, path: /notes }] }
`,
  );
});
afterEach(async () => {
  await stopAll();
  control.closeAllConnections();
  control.close();
  await rm(folder, { recursive: true, force: true });
});

const start = (command: string, ...options: string[]) =>
  startCommand([FICUS, command, 'notes', '--config', config, ...options]);
const run = (command: string, ...options: string[]) => start(command, ...options).ended;

test('a cutover: each step as it ends, then the outcome', async () => {
  const proxies = [proxyOf({ held: 7 })];
  const fenced = running({ step: 'barrier', steps: stepsUntil('barrier', 'running'), proxies });
  looks = [cutoverOf(fenced), cutoverOf(attemptOf({ pauseMs: 31 }))];
  const { status, stdout, stderr } = await run('cutover', '--reason', 'release 41');
  expect([status, stdout]).toEqual([
    0,
    '✓ The candidate owns the writes of notes, epoch 4. Writes waited for at most 31 ms.\n  The way back: ficus rollback notes. For good: ficus retire notes\n',
  ]);
  expect(stderr).toContain('cutover notes: writes go from the legacy to the candidate (epoch 4)\n');
  expect(stderr).toContain('  ✓ hold        5.0 ms  7 writes held, 0 in flight\n  ✓ fence       5.0 ms\n');
  expect(stderr).toMatch(/✓ check +5\.0 ms\n$/);
  expect(sent).toEqual([
    {
      call: 'POST /api/v1/slices/notes/cutover',
      body: { dryRun: false, noWayBack: false, confirm: '', reason: 'release 41' },
    },
  ]);
});

test('abandoned: exit 1, the reason and what to do; as a document, too', async () => {
  looks = [cutoverOf(attemptOf({ state: 'abandoned', step: 'verify', failure: FAILURE }))];
  const { status, stdout } = await run('cutover');
  expect(status).toBe(1);
  expect(stdout).toContain(
    'was abandoned in step verify; the legacy still owns the writes.\n  ✗ 3 rows differ.\n',
  );
  const asJson = await run('cutover', '--json');
  expect([asJson.status, asJson.stderr]).toEqual([1, '']);
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    ok: false,
    slice: 'notes',
    attempt: { failure: FAILURE },
  });
});

test('a rollback that is refused says what it would lose', async () => {
  const rollback = { operation: 'rollback', newOwner: 'legacy', step: 'arm', state: 'abandoned' } as const;
  begun = cutoverOf(running(rollback));
  looks = [cutoverOf(attemptOf({ ...rollback, failure: { ...FAILURE, step: 'arm' } }))];
  const { status, stdout } = await run('rollback');
  expect(status).toBe(1);
  expect(stdout).toContain('The rollback of notes was refused; the candidate still owns the writes.');
  expect(stdout).toContain('12 writes of the candidate would be lost.');
  expect(sent[0]?.call).toBe('POST /api/v1/slices/notes/rollback');
});

test('what the control plane refuses at once keeps its code and exit status', async () => {
  refusal = toProblem('FICUS_CUTOVER_BUSY', 'A cutover of notes by ann is under way.');
  const { status, stderr } = await run('cutover');
  expect(status).toBe(3);
  expect(stderr).toContain('error: A cutover of notes by ann is under way.\n');
  expect(stderr).toContain('(FICUS_CUTOVER_BUSY)');
});

test('a dry run says what would follow, and asks for one', async () => {
  begun = cutoverOf(running({ dryRun: true }));
  looks = [cutoverOf(attemptOf({ dryRun: true, state: 'rehearsed', steps: stepsUntil('hold', 'skipped') }))];
  const { status, stdout } = await run('cutover', '--dry-run');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ {2}What would follow:\n[\s\S]+\n\n✓ A cutover of notes can be made[^\n]+\n$/);
  expect(sent[0]?.body).toMatchObject({ dryRun: true });
});

test('without a way back: refused unless confirmed, and then sent with the confirmation', async () => {
  const unconfirmed = await run('cutover', '--no-way-back');
  expect([unconfirmed.status, sent]).toEqual([2, []]);
  expect(unconfirmed.stderr).toContain('give --yes');
  looks = [cutoverOf(attemptOf({ noWayBack: true }))];
  const { status, stdout } = await run('cutover', '--no-way-back', '--yes');
  expect(status).toBe(0);
  expect(stdout).toContain('There is no way back');
  expect(sent[0]?.body).toMatchObject({ noWayBack: true, confirm: 'notes' });
});

test('--resume with nothing to resume: the end of an earlier attempt is no answer', async () => {
  for (const ended of [null, attemptOf({ state: 'abandoned', failure: FAILURE })]) {
    begun = cutoverOf(ended);
    const { status, stdout } = await run('cutover', '--resume');
    expect([status, stdout]).toEqual([
      0,
      '✓ Nothing to resume: the legacy owns the writes of notes, epoch 3.\n',
    ]);
  }
  expect(sent[0]?.call).toBe('POST /api/v1/slices/notes/cutover/resume');
});

test('--resume follows what it resumes; what still does not fit is exit 3', async () => {
  const { status, stdout } = await (async () => {
    looks = [cutoverOf(attemptOf())];
    return run('rollback', '--resume');
  })();
  expect(status).toBe(0);
  expect(stdout).toContain('The candidate owns the writes of notes');
  const inconsistency = 'The fence of the legacy is in hold of epoch 9, which no attempt has.';
  begun = { ...cutoverOf(null), inconsistency };
  const half = await run('cutover', '--resume');
  expect([half.status, half.stdout]).toEqual([3, `✗ ${inconsistency}\n`]);
});

test('Ctrl-C stops the watching, not the attempt', async () => {
  const command = start('cutover');
  await command.untilError('lease');
  command.child.kill('SIGINT');
  const { status, stdout } = await command.ended;
  expect([status, stdout]).toEqual([
    1,
    'The cutover continues in the background; see its outcome with: ficus status notes\n',
  ]);
});

test('a control plane that is started again meanwhile', async () => {
  const port = portOf(control);
  const command = start('cutover');
  await command.untilError('lease');
  control.closeAllConnections();
  control.close();
  await command.untilError('does not answer; step hold was the last');
  looks = [cutoverOf(attemptOf())];
  control = listen(port);
  const { status, stdout } = await command.ended;
  expect(status).toBe(0);
  expect(stdout).toContain('The candidate owns the writes');
});

test('an answer that is lost: whether the cutover has begun is not known', async () => {
  tornBegin = true;
  const { status, stdout } = await run('cutover', '--json');
  expect(status).toBe(3);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'FICUS_CUTOVER_NOT_FOLLOWED',
    message: expect.stringContaining('Whether the cutover of notes has begun is not known.'),
    remedy: expect.stringContaining('ficus status notes'),
  });
});

test('retire: confirmed, and what is left in the monolith', async () => {
  const unconfirmed = await run('retire');
  expect([unconfirmed.status, sent]).toEqual([2, []]);
  begun = { ...cutoverOf(attemptOf()), owner: 'candidate', epoch: 4, retired: true };
  const { status, stdout } = await run('retire', '--yes', '--reason', 'three quiet weeks');
  expect(status).toBe(0);
  expect(stdout).toContain('the code of GET /notes\n    the table public.notes\n');
  expect(sent).toEqual([
    { call: 'POST /api/v1/slices/notes/retire', body: { confirm: 'notes', reason: 'three quiet weeks' } },
  ]);
  const { stdout: document } = await run('retire', '--yes', '--json');
  expect(JSON.parse(document)).toMatchObject({
    ok: true,
    retired: true,
    remains: { tables: ['public.notes'] },
  });
});

/** On a terminal, as far as the command can detect. */
async function answer(typed: string, command: string, ...options: string[]) {
  const terminal = ['--import', 'data:text/javascript,process.stdin.isTTY = true'];
  const args = [...terminal, FICUS, command, 'notes', '--config', config, ...options];
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' } });
  child.stdin.end(typed);
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  const [status] = await once(child, 'close');
  return { status, said };
}

test('on a terminal only the typed name agrees to what cannot be undone', async () => {
  for (const [command, ...options] of [['retire'], ['cutover', '--no-way-back']] as const) {
    const { status, said } = await answer('y\n', command, ...options);
    expect([status, sent]).toEqual([3, []]);
    expect(said).toContain('Type notes to confirm: ');
    expect(said).toContain('Nothing was changed.');
  }
  begun = { ...cutoverOf(attemptOf()), owner: 'candidate', retired: true };
  expect((await answer('notes\n', 'retire')).status).toBe(0);
  expect(sent.map(({ call }) => call)).toEqual(['POST /api/v1/slices/notes/retire']);
});
