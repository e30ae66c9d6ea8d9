/**
 * A visitor with an anonymous bucket logs in, through the proxy: which side serves them before, after, and after the
 * logout; and what they wrote before stays readable.
 */
import { writeFile } from 'node:fs/promises';
import { percentFlag } from '@ficus/core';
import { afterEach, expect, test } from 'vitest';
import {
  ask,
  type FakeControl,
  noteFlags,
  type Rig,
  type RigOptions,
  startFakeControl,
  startRig,
  until,
} from './rig.ts';

let rig: Rig;
let control: FakeControl | undefined;
afterEach(async () => {
  await rig.close();
  await control?.close();
  control = undefined;
});

/** A monolith that logs in each caller who asks. */
async function start(options: RigOptions): Promise<void> {
  rig = await startRig(options);
  rig.legacy.handler = (request, response) => {
    const user = /^\/login\?user=(.+)$/.exec(request.url!)?.[1];
    if (user !== undefined) response.setHeader('set-cookie', `sid=${user}; Path=/; HttpOnly`);
    response.end('legacy');
  };
}

const cookieOf = ({ headers }: { headers: Headers }): string => headers.get('set-cookie')!.split(';')[0]!;

/** @returns the cookies of a browser that has logged in */
async function logIn(user: string, cookie: string): Promise<string> {
  const answer = await ask(`${rig.url}/login?user=${user}`, { method: 'POST', headers: { cookie } });
  return `${cookie}; ${cookieOf(answer)}`;
}

const sideOf = async (cookie: string) => (await rig.get('/api/notes', { cookie })).side;

/** Forty visitors who come without cookies, and log in. */
async function visitors(): Promise<
  { before: string | null; after: string | null; elsewhere: string | null }[]
> {
  const seen = [];
  for (let number = 0; number < 40; number += 1) {
    const first = await rig.get('/api/notes');
    const bucket = cookieOf(first);
    const browser = await logIn(`user-${number}`, bucket);
    const after = await rig.get('/api/notes', { cookie: browser });
    expect(after.headers.get('set-cookie')).toBeNull();
    // Logged out.
    expect(await sideOf(bucket)).toBe(first.side);
    seen.push({ before: first.side, after: after.side, elsewhere: await sideOf(`sid=user-${number}`) });
  }
  expect(new Set(seen.map(({ before }) => before)).size).toBe(2);
  return seen;
}

test('the side stays, in a browser that has a bucket', async () => {
  await start({ serve: 50, slice: { anonymousBucket: {} } });
  const seen = await visitors();
  for (const { before, after } of seen) expect(after).toBe(before);
  // On a device without a bucket it is the user's.
  expect(seen.some(({ after, elsewhere }) => after !== elsewhere)).toBe(true);
});

test('where the slice says so, it is the user’s from the login on, on every device', async () => {
  await start({ serve: 50, slice: { anonymousBucket: { afterLogin: 'user' } } });
  const seen = await visitors();
  for (const { after, elsewhere } of seen) expect(after).toBe(elsewhere);
  expect(seen.some(({ before, after }) => after !== before)).toBe(true);
});

test('raising the percentage moves no holder of a bucket back', async () => {
  await start({ serve: 0, slice: { anonymousBucket: {} } });
  const browsers = [];
  for (let number = 0; number < 60; number += 1)
    browsers.push(await logIn(`user-${number}`, cookieOf(await rig.get('/api/notes'))));
  let moved = new Set<string>();
  for (const percent of [20, 60, 100]) {
    await rig.setFlags(percent, 0);
    await until(
      () => rig.logs.filter(({ msg }) => msg === 'flags applied').length > [20, 60, 100].indexOf(percent) + 1,
    );
    const now = new Set<string>();
    for (const cookie of browsers) if ((await sideOf(cookie)) === 'candidate') now.add(cookie);
    for (const cookie of moved) expect(now).toContain(cookie);
    expect(now.size).toBeGreaterThan(moved.size);
    moved = now;
  }
  expect(moved.size).toBe(60);
});

test('flags for named users see the user', async () => {
  await start({ serve: 0, slice: { anonymousBucket: {} } });
  const flag = percentFlag('notes.serve', 'notes', 1);
  const testers = [{ contextName: 'userId', operator: 'IN', values: ['tester'] }];
  const strategies = [...flag.strategies, { name: 'default', constraints: testers }];
  await writeFile(rig.flagsFile, JSON.stringify({ version: 2, features: [{ ...flag, strategies }] }));
  await until(async () => (await sideOf('sid=tester')) === 'candidate', 'the flags are applied');
  let bucket = cookieOf(await rig.get('/api/notes'));
  while ((await sideOf(bucket)) === 'candidate') bucket = cookieOf(await rig.get('/api/notes'));
  expect(await sideOf(await logIn('tester', bucket))).toBe('candidate');
  expect(await sideOf(await logIn('another', bucket))).toBe('legacy');
});

test.each(['bucket', 'user'] as const)(
  'a write from before the login is read from the owner until it is applied (afterLogin: %s)',
  async (afterLogin) => {
    control = await startFakeControl(noteFlags(100, 0));
    await start({ control, slice: { anonymousBucket: { afterLogin } } });
    control.position = '0/200';
    const bucket = cookieOf(await rig.get('/api/notes'));
    expect(await sideOf(bucket)).toBe('candidate');
    const post = { method: 'POST', body: 'x', headers: { cookie: bucket } };
    expect(await ask(`${rig.url}/api/notes`, post)).toMatchObject({ side: 'legacy', reason: 'owner-writes' });
    const browser = await logIn('ann', bucket);
    expect(await rig.get('/api/notes', { cookie: browser })).toMatchObject({
      side: 'legacy',
      reason: 'pinned',
    });
    expect(await sideOf('sid=ann')).toBe('candidate');
    control.progress('notes', '0/300');
    await until(async () => (await sideOf(browser)) === 'candidate', 'the pin is released');
  },
);

test('a write after the login pins the user, on every device', async () => {
  control = await startFakeControl(noteFlags(100, 0));
  await start({ control, slice: { anonymousBucket: {} } });
  const browser = await logIn('ann', cookieOf(await rig.get('/api/notes')));
  await ask(`${rig.url}/api/notes`, { method: 'POST', body: 'x', headers: { cookie: browser } });
  expect(await rig.get('/api/notes', { cookie: 'sid=ann' })).toMatchObject({ reason: 'pinned' });
  expect(await rig.get('/api/notes', { cookie: browser })).toMatchObject({ reason: 'pinned' });
});
