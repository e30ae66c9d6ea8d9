/**
 * docs/architecture/request-path.md lists the files that a GET with a shadow copy passes, and their leaves. V8 counts which
 * functions it has run: the list misses no file and has none that the request does not pass.
 */
import { Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { ROOT } from '../../parts/named-files.ts';
import { LEAF_FILES, PATH_FILES } from '../../parts/request-path.ts';
import { type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

/** What runs on a timer does not run in each of so many passes, but for the sweep, which runs every 20 ms. */
const PASSES = 20;
const OF_THE_SWEEP = ['proxy/upstream/sweeper.ts', 'proxy/upstream/address-book.ts'];

let control: FakeControl | undefined;
let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  await control?.close();
});

test('a GET with a shadow copy passes the files that its document lists', async () => {
  const fake = await startFakeControl(noteFlags(0, 100));
  control = fake;
  // A condition that holds; the rest of the config is the simplest.
  rig = await startRig({ control, routes: [{ id: 'list', path: '/api/notes', host: '127.0.0.1' }] });
  const { url } = rig;
  const runs = await counted(async (session) => {
    // Connections are opened, and what is computed once is computed.
    await pass(url, fake);
    await pass(url, fake);
    await filesRun(session);
    const each: Set<string>[] = [];
    for (let count = 0; count < PASSES; count += 1) {
      await pass(url, fake);
      each.push(await filesRun(session));
    }
    return each;
  });
  const passed = [...runs[0]!].filter(
    (file) => !OF_THE_SWEEP.includes(file) && runs.every((run) => run.has(file)),
  );
  expect(passed.toSorted()).toEqual([...PATH_FILES, ...LEAF_FILES].toSorted());
});

/** V8 counts while `measure` runs. Code that is counted is not optimised, and other files run in this process, too. */
async function counted<T>(measure: (session: Session) => Promise<T>): Promise<T> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    return await measure(session);
  } finally {
    await session.post('Profiler.stopPreciseCoverage');
    await session.post('Profiler.disable');
    session.disconnect();
  }
}

/** One request, until its observation has arrived. */
async function pass(url: string, { observations }: FakeControl): Promise<void> {
  const before = observations.length;
  const answer = await fetch(`${url}/api/notes`, { headers: { cookie: 'sid=ann' } });
  expect(await answer.text()).not.toBe('');
  await until(() => observations.length > before, 'observed');
}

/** Files of core and proxy in which a function has run since the last call. */
async function filesRun(session: Session): Promise<Set<string>> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const run = result.filter(({ functions }) =>
    // The test runner's own functions for imports and exports have no name.
    functions.some(({ functionName, ranges }) => functionName !== '' && ranges[0]!.count > 0),
  );
  const files = run.map(({ url }) => relative(ROOT, url.startsWith('file:') ? fileURLToPath(url) : url));
  return new Set(files.filter((file) => /^(core|proxy)\//.test(file)));
}
