/**
 * The owner changes again and again under load, through two proxies with two workers each: once all have acknowledged that they hold and
 * are drained, no write reaches the former owner; no request fails; each write is executed once.
 */
import { Agent, request } from 'node:http';
import type { Side, SliceHold, SliceState } from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningProxy, startProxy } from '../../../proxy/index.ts';
import {
  type Backend,
  type FakeControl,
  noteFlags,
  type Rig,
  startFakeControl,
  startRig,
  until,
} from './rig.ts';

const CHANGES = 12;
const LIMITS = { leaseMs: 2_000, waitMs: 20_000 };

let control: FakeControl;
let rig: Rig;
let embedded: RunningProxy;
/** The side whose database takes writes; undefined while neither does. */
let unfenced: Side | undefined;
const breaches: string[] = [];
const executed = new Map<string, number>();

beforeEach(async () => {
  unfenced = 'legacy';
  control = await startFakeControl(noteFlags(0, 0));
  control.setState({ notes: { owner: 'legacy', epoch: 1, writes: 'open' } });
  rig = await startRig({
    control,
    proxy: { workers: 2, accessLog: { sample: 0 } },
    // Writes wait for a connection while the owner changes.
    legacy: { pool: { connections: 2 } },
    candidate: { pool: { connections: 2 } },
    start: { inProcess: false },
  });
  // Another proxy, of one process.
  embedded = await startProxy({ config: rig.config(), controlUrl: control.url, inProcess: true });
  for (const backend of [rig.legacy, rig.candidate]) backend.handler = execute(backend);
});
afterEach(async () => {
  await embedded.stop();
  await rig.close();
  await control.close();
});

const execute =
  ({ name }: Backend): Backend['handler'] =>
  (message, response) => {
    const id = message.headers['x-write'];
    if (typeof id !== 'string') return void response.end();
    if (name !== unfenced) breaches.push(`${id} at the ${name}`);
    executed.set(id, (executed.get(id) ?? 0) + 1);
    setTimeout(() => response.end(), 3);
  };

interface Figures {
  readonly failures: string[];
  writes: number;
  longestMs: number;
}

/** Loops until `stopped`: each user writes over one connection, one write after the other. */
async function load(url: string, user: string, agent: Agent, figures: Figures, stopped: () => boolean) {
  for (let turn = 0; !stopped(); turn += 1) {
    const beganAt = performance.now();
    const status = await send(url, user, `${user}-${turn}`, agent);
    if (status !== 200) figures.failures.push(`${user}-${turn}: ${status}`);
    figures.writes += 1;
    figures.longestMs = Math.max(figures.longestMs, performance.now() - beganAt);
  }
}

function send(url: string, user: string, id: string, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { cookie: `sid=${user}`, 'x-write': id };
    const sent = request(`${url}/api/notes`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}

/** The last acknowledgement of each proxy. */
function acknowledged(since: number): SliceHold[] {
  const last = new Map(control.holds.slice(since).map((report) => [report.proxyId, report.slices.notes]));
  return [...last.values()].filter((hold) => hold !== undefined);
}

const all = (holds: readonly SliceHold[], is: (hold: SliceHold) => boolean): boolean =>
  holds.length === 2 && holds.every(is);

async function change(attempt: number, from: SliceState, succeeds: boolean): Promise<SliceState> {
  const under = { owner: from.owner, epoch: from.epoch, attempt, ...LIMITS };
  const since = control.holds.length;
  control.setState({ notes: { ...under, writes: 'leased' } });
  await until(() => all(acknowledged(since), (hold) => hold.attempt === attempt), 'leased by both');
  control.setState({ notes: { ...under, writes: 'held' } });
  const isDrained = ({ writes, inFlight }: SliceHold): boolean => writes === 'held' && inFlight === 0;
  await until(() => all(acknowledged(since), isDrained), 'drained by both');
  unfenced = undefined;
  const owner = from.owner === 'legacy' ? 'candidate' : 'legacy';
  const next: SliceState = succeeds
    ? { owner, epoch: attempt, writes: 'open' }
    : { owner: from.owner, epoch: from.epoch, writes: 'open' };
  await new Promise((resolve) => setTimeout(resolve, 20));
  unfenced = next.owner;
  control.setState({ notes: next });
  return next;
}

test('no write reaches a fenced side, none fails, and each is executed once', async () => {
  const figures: Figures = { failures: [], writes: 0, longestMs: 0 };
  const agent = new Agent({ keepAlive: true });
  let stopped = false;
  const loops = Array.from({ length: 12 }, (_, at) =>
    load(at % 3 === 0 ? embedded.address : rig.url, `user-${at}`, agent, figures, () => stopped),
  );
  let state: SliceState = { owner: 'legacy', epoch: 1, writes: 'open' };
  for (let attempt = 2; attempt < CHANGES + 2; attempt += 1) {
    // Every third is abandoned.
    state = await change(attempt, state, attempt % 3 !== 0);
    const before = figures.writes;
    await until(() => figures.writes > before + 50, 'writes go on');
  }
  stopped = true;
  await Promise.all(loops);
  agent.destroy();
  console.log(`${figures.writes} writes, ${CHANGES} attempts, longest ${Math.round(figures.longestMs)} ms`);
  expect([breaches, figures.failures]).toEqual([[], []]);
  expect(executed.size).toBe(figures.writes);
  expect([...executed.values()].filter((times) => times !== 1)).toEqual([]);
  expect([...rig.legacy.requests, ...rig.candidate.requests].length).toBeGreaterThan(50 * CHANGES);
});
