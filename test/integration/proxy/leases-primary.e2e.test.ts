/** The primary of a proxy is stopped or killed in the middle of a cutover: its workers send nothing without a lease. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SliceState } from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { isAlive } from '../../e2e/up-rig.ts';
import { type Backend, type FakeControl, noteFlags, startBackend, startFakeControl, until } from './rig.ts';

const ATTEMPT = { owner: 'legacy', epoch: 1, attempt: 2, leaseMs: 800, waitMs: 200 } as const;
const LEASED: SliceState = { ...ATTEMPT, writes: 'leased' };
const HELD: SliceState = { ...ATTEMPT, waitMs: 20_000, writes: 'held' };
const NEW_OWNER: SliceState = { owner: 'candidate', epoch: 2, writes: 'open' };

let folder: string;
let legacy: Backend;
let candidate: Backend;
let control: FakeControl;
let proxy: RunningCommand;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-primary-'));
  [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  control = await startFakeControl(noteFlags(0, 0));
  const unreachable = 'postgres://127.0.0.1:1/unreachable';
  const config = {
    version: 1,
    proxy: { listen: '127.0.0.1:0', workers: 2, expose: true, identify: { user: { cookie: 'sid' } } },
    flags: { provider: 'builtin' },
    control: { url: control.url, database: unreachable },
    legacy: { url: legacy.url, database: unreachable },
    slices: {
      notes: {
        candidate: { url: candidate.url, database: unreachable },
        routes: [{ id: 'add', methods: ['POST'], path: '/api/notes' }],
        tables: [{ from: 'public.notes', to: 'public.notes' }],
      },
    },
  };
  await writeFile(join(folder, 'ficus.yaml'), JSON.stringify(config));
});

afterEach(async () => {
  proxy.child.kill('SIGCONT');
  proxy.child.kill('SIGKILL');
  await stopAll();
  await Promise.all([legacy.close(), candidate.close(), control.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function start(state: SliceState): Promise<void> {
  control.setState({ notes: state });
  proxy = startCommand(['cli/bin/ficus.js', 'proxy', '--config', join(folder, 'ficus.yaml')]);
  const said = await proxy.until('"msg":"listening"');
  const line = said.split('\n').find((text) => text.includes('"msg":"listening"'))!;
  url = (JSON.parse(line) as { address: string }).address;
}

const write = (user = 'ada') =>
  fetch(`${url}/api/notes`, {
    method: 'POST',
    headers: { cookie: `sid=${user}`, connection: 'close' },
  }).then(
    ({ status, headers }) => ({ status, side: headers.get('x-ficus-side') }),
    () => ({ status: 0, side: null }),
  );

test('stopped under a lease: its workers send nothing once it has run out; awake again, they have the new owner', async () => {
  await start(LEASED);
  await until(async () => (await write()).status === 200, 'there is a lease');
  proxy.child.kill('SIGSTOP');
  const stoppedAt = performance.now();
  await until(() => performance.now() - stoppedAt > ATTEMPT.leaseMs + 100, 'the lease has run out');
  const sent = legacy.requests.length;
  // Pins of all workers take the primary: writes wait for them, and then for a lease.
  const late = Array.from({ length: 10 }, (_, at) => write(`late-${at}`));
  control.setState({ notes: NEW_OWNER });
  const refused = await Promise.all(late);
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
  expect([legacy.requests.length, candidate.requests.length]).toEqual([sent, 0]);
  proxy.child.kill('SIGCONT');
  await until(async () => (await write()).side === 'candidate', 'the new owner is known');
  expect(legacy.requests).toHaveLength(sent);
});

test('killed while writes are held: its workers end with it, send nothing, and its successor comes up holding', async () => {
  await start(HELD);
  const primary = proxy.child.pid!;
  const workers = (await readFile(`/proc/${primary}/task/${primary}/children`, 'utf8'))
    .split(' ')
    .filter(Boolean)
    .map(Number);
  const held = Array.from({ length: 10 }, (_, at) => write(`user-${at}`));
  await until(() => control.holds.at(-1)?.slices.notes?.held === 10, 'they are held');
  const firstId = control.holds.at(-1)!.proxyId;
  proxy.child.kill('SIGKILL');
  expect(new Set((await Promise.all(held)).map(({ status }) => status))).toEqual(new Set([0]));
  await until(async () => !(await Promise.all(workers.map(isAlive))).some(Boolean), 'workers are gone');
  await start(HELD);
  const more = write('more');
  await until(() => control.holds.at(-1)?.slices.notes?.held === 1, 'held again');
  expect(control.holds.at(-1)!.proxyId).not.toBe(firstId);
  control.setState({ notes: NEW_OWNER });
  expect(await more).toEqual({ status: 200, side: 'candidate' });
  expect([legacy.requests.length, candidate.requests.length]).toEqual([0, 1]);
});

test('killed under a lease, and started again while the control plane is away: it refuses writes until that is back', async () => {
  await start({ ...LEASED, leaseMs: 60_000 });
  await until(async () => (await write()).status === 200, 'there is a lease');
  const sent = legacy.requests.length;
  const { port } = new URL(control.url);
  await until(async () => {
    const [name] = await ownersFiles();
    if (name === undefined) return false;
    const kept = await readFile(join(folder, '.ficus', name), 'utf8').catch(() => '');
    return kept.includes('leased');
  }, 'the attempt is kept');
  proxy.child.kill('SIGKILL');
  await proxy.ended;
  await control.close();
  await start(LEASED);
  expect((await write()).status).toBe(503);
  expect(legacy.requests).toHaveLength(sent);
  control = await startFakeControl(noteFlags(0, 0), Number(port));
  control.setState({ notes: NEW_OWNER });
  await until(async () => (await write()).side === 'candidate', 'the new owner is known');
  expect(legacy.requests).toHaveLength(sent);
});

async function ownersFiles(): Promise<string[]> {
  const names = await readdir(join(folder, '.ficus')).catch(() => []);
  return names.filter((name) => name.startsWith('owners-'));
}
