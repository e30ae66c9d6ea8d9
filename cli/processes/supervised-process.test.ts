/** A process that cannot be started, and one that is stopped before it is ready. */
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { configSchema, type FicusError } from '@ficus/core';
import pino from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { SupervisedProcess } from './supervised-process.ts';

const config = configSchema.parse({ version: 1, legacy: { url: 'http://127.0.0.1:9' } });

afterEach(() => {
  vi.restoreAllMocks();
});

/** `ficus up` is to stop. */
let stopping = false;
afterEach(() => {
  stopping = false;
});

class FakeChild extends EventEmitter {
  readonly pid: number | undefined;
  connected = true;
  readonly kill = vi.fn();
  readonly send = vi.fn();

  constructor(pid: number | undefined) {
    super();
    this.pid = pid;
  }

  end(code: number | null, signal: string | null): void {
    this.connected = false;
    this.emit('exit', code, signal);
  }
}

/** @param fork returns the child of each life, starting with 1 */
function supervise(fork: (life: number) => FakeChild) {
  const failures: FicusError[] = [];
  let lives = 0;
  const hooks = {
    config: () => config,
    refusal: () => null,
    mayBegin: Promise.resolve(),
    onMessage: () => undefined,
    onFailedStart: (error: FicusError) => failures.push(error),
    stopMs: () => 60_000,
    isStopping: () => stopping,
    logger: pino({ level: 'silent' }),
  };
  const supervised = new SupervisedProcess('control', hooks, () => {
    lives += 1;
    return fork(lives) as unknown as ChildProcess;
  });
  return { supervised, failures, lives: () => lives };
}

/** Like Node when the system has no process left: `error`, and never `exit`. */
function unspawned(): FakeChild {
  const child = new FakeChild(undefined);
  queueMicrotask(() => {
    child.connected = false;
    child.emit('error', Object.assign(new Error('spawn EAGAIN'), { code: 'EAGAIN' }));
  });
  return child;
}

test.each<[string, () => FakeChild]>([
  ['reports an error', unspawned],
  [
    'throws',
    () => {
      throw new Error('spawn EMFILE');
    },
  ],
])('a start that %s is retried', async (_, fail) => {
  const child = new FakeChild(7);
  const { supervised, failures, lives } = supervise((life) => (life <= 2 ? fail() : child));
  await expect.poll(lives).toBe(3);
  expect(failures.map(({ message }) => message)).toEqual([
    expect.stringMatching(/ficus control cannot be started: spawn E/),
    expect.stringMatching(/ficus control cannot be started: spawn E/),
  ]);
  const stopped = supervised.stop();
  child.end(0, null);
  expect(await stopped).toBe(true);
});

test('a stop ends the attempts of a process that cannot be started', async () => {
  const { supervised, failures } = supervise(unspawned);
  await expect.poll(() => failures.length).toBe(2);
  expect(await supervised.stop()).toBe(true);
});

test('a stop while the process cannot be started ends in order', async () => {
  const { supervised } = supervise(unspawned);
  expect(await supervised.stop()).toBe(true);
});

test.each<[string, boolean, NodeJS.Signals, boolean]>([
  ['before it is ready', false, 'SIGTERM', true],
  ['once it is ready, while it exits', true, 'SIGTERM', true],
  ['before it is ready, from the terminal', false, 'SIGINT', true],
  ['once it is ready, from the terminal', true, 'SIGINT', false],
  ['while Node boots', false, 'SIGSEGV', true],
  ['for good', false, 'SIGKILL', false],
])('the signal of a stop that ends it %s', async (_, isReady, signal, inOrder) => {
  const child = new FakeChild(7);
  const { supervised } = supervise(() => child);
  if (isReady) child.emit('message', { kind: 'ready' });
  const stopped = supervised.stop();
  child.end(null, signal);
  expect(await stopped).toBe(inOrder);
});

test.each([
  ['before it listened', false, true],
  ['after', true, false],
])('a process that fails %s while it is stopped', async (_, hasListened, inOrder) => {
  const child = new FakeChild(7);
  const { supervised } = supervise(() => child);
  child.emit('message', { kind: 'ready' });
  if (hasListened) child.emit('message', { kind: 'listening', address: 'http://127.0.0.1:1' });
  const stopped = supervised.stop();
  child.emit('message', { kind: 'failed', code: 'FICUS_PORT_TAKEN', message: 'Taken.' });
  child.end(3, null);
  expect(await stopped).toBe(inOrder);
});

const WORKERS = [1_000_001, 1_000_002];

test('workers end with a process that is killed, even if one of them has ended already', async () => {
  const killed: unknown[] = [];
  vi.spyOn(process, 'kill').mockImplementation((pid) => {
    killed.push(pid);
    if (pid === WORKERS[0]) throw new Error('kill ESRCH');
    return true;
  });
  const child = new FakeChild(7);
  const { supervised } = supervise(() => child);
  child.emit('message', { kind: 'workers', pids: WORKERS });
  const stopped = supervised.stop();
  supervised.kill();
  expect(child.kill.mock.calls).toEqual([['SIGTERM'], ['SIGKILL']]);
  expect(killed).toEqual(WORKERS);
  child.end(null, 'SIGKILL');
  expect(await stopped).toBe(false);
  // Their ids may be those of other processes by now.
  expect(killed).toEqual(WORKERS);
});

test.each<[string, number | null, string | null, number[]]>([
  ['was killed: its workers end before it is restarted', null, 'SIGKILL', WORKERS],
  ['exited: it has ended its workers itself', 3, null, []],
])('a process that %s', async (_, code, signal, ended) => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const children = [new FakeChild(7), new FakeChild(8)];
  const { supervised, lives } = supervise((life) => children[life - 1]!);
  children[0]!.emit('message', { kind: 'workers', pids: WORKERS });
  children[0]!.end(code, signal);
  expect(kill.mock.calls.map(([pid]) => pid)).toEqual(ended);
  await expect.poll(lives).toBe(2);
  const stopped = supervised.stop();
  children[1]!.end(0, null);
  expect(await stopped).toBe(true);
});

test.each<[string, boolean, NodeJS.Signals, number]>([
  ['before it can leave that to `ficus up`', false, 'SIGINT', 0],
  ['before it can leave that to `ficus up`', false, 'SIGHUP', 0],
  ['once it could', true, 'SIGINT', 1],
  ['before it is ready', false, 'SIGKILL', 1],
])('a process that is interrupted %s: %s %s', async (_, isReady, signal, failed) => {
  const children = [new FakeChild(7), new FakeChild(8)];
  const { supervised, failures, lives } = supervise((life) => children[life - 1]!);
  if (isReady) children[0]!.emit('message', { kind: 'ready' });
  children[0]!.end(null, signal);
  await expect.poll(lives).toBe(2);
  expect(failures).toHaveLength(failed);
  const stopped = supervised.stop();
  children[1]!.end(0, null);
  expect(await stopped).toBe(true);
});

test('one that has got the SIGTERM of the group and ends in order is not restarted; one that crashes is', async () => {
  const children = [new FakeChild(7), new FakeChild(8)];
  const { supervised, lives, failures } = supervise((life) => children[life - 1]!);
  children[0]!.emit('message', { kind: 'ready' });
  stopping = true;
  children[0]!.end(1, null);
  await expect.poll(lives).toBe(2);
  children[1]!.emit('message', { kind: 'ready' });
  children[1]!.end(0, null);
  expect(failures).toHaveLength(1);
  expect(await supervised.stop()).toBe(true);
  expect(lives()).toBe(2);
});

test('one that ends before it is ready, while `ficus up` is to stop, is neither restarted nor a failed start', async () => {
  const child = new FakeChild(7);
  const { supervised, failures, lives } = supervise(() => child);
  stopping = true;
  child.end(null, 'SIGSEGV');
  expect(await supervised.stop()).toBe(true);
  expect([lives(), failures]).toEqual([1, []]);
});
