import type { FenceOptions } from '@ficus/cdc';
import type { FicusConfig, Side } from '@ficus/core';
import pino from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { InventoryStore } from './inventory-store.ts';
import { PlayedFence } from './played-fence.fixture.ts';
import { PlayedInventories, watchedConfig } from './watched-slice.fixture.ts';
import { WriterWatch } from './writer-watch.ts';

const MINUTE = 60_000;

let now: number;
let fences: Record<Side, PlayedFence>;
let opened: FenceOptions[];
let inventories: PlayedInventories;
let moving: boolean;
let owner: Side;
let watch: WriterWatch;
let config: FicusConfig;

const openWatch = async () => {
  const all = new WriterWatch({
    config: () => config,
    store: new InventoryStore(inventories as never),
    open: (options) => {
      opened.push(options);
      return fences[options.side];
    },
    ownerOf: () => owner,
    epochOf: () => 4,
    isMoving: async () => moving,
    logger: pino({ level: 'silent' }),
    now: () => now,
  });
  (await all.prepare(config))();
  return all;
};

const verdicts = () =>
  watch.facts('notes')!.writers.map(({ entry, verdict }) => `${entry.application} ${verdict}`);
let reports = 0;
/** That nothing was under way since the report before. */
const report = (busy: readonly (readonly [number, number])[] = [], routes: readonly string[] = []) => {
  reports += 1;
  watch.takeReport({
    proxyId: 'p',
    number: reports,
    busy: { notes: busy },
    busyUntilMs: now - 25,
    clockMs: now - 25,
    traffic: routes.map((route) => ({
      ...{ slice: 'notes', route, side: 'legacy', reason: 'flag', requests: 1, failures: 0, durationMs: 1 },
    })),
  });
};

beforeEach(async () => {
  now = 1_800_000_000_000;
  fences = { legacy: new PlayedFence(() => now), candidate: new PlayedFence(() => now) };
  [opened, moving, owner, reports] = [[], false, 'legacy', 0];
  inventories = new PlayedInventories();
  config = watchedConfig([{ application: 'web', via: 'proxy', reason: 'the monolith' }]);
  watch = await openWatch();
});

test('nothing is opened before an observation begins', async () => {
  await watch.readAll();
  expect(opened).toEqual([]);
  expect(watch.observes('notes')).toBe(false);
  expect(watch.evaluate('notes')).toMatchObject({
    answer: 'insufficient evidence',
    text: 'Writers are not observed.',
  });
  expect(watch.facts('pages')).toBeUndefined();
});

test('both fences are installed and observe, each with the role of its own stream', async () => {
  await watch.begin('notes', false);
  expect(opened).toMatchObject([
    {
      side: 'legacy',
      tables: ['public.note'],
      applierRole: 'ficus',
      elsewhere: 'the database db2:5432/notes',
    },
    { side: 'candidate', tables: ['public.items'], applierRole: 'notes_stream' },
  ]);
  expect(fences.legacy.found).toEqual({ epoch: 4, mode: 'observe' });
  expect(watch.observes('notes')).toBe(true);
});

test('a fence that is armed already observes from then on; stopping arms it again and closes the connections', async () => {
  fences.legacy.found = { epoch: 2, mode: 'armed' };
  await watch.begin('notes', false);
  expect(fences.legacy.found).toEqual({ epoch: 2, mode: 'observe' });
  await watch.end('notes');
  expect(fences.legacy.found).toEqual({ epoch: 2, mode: 'armed' });
  expect([fences.legacy.closed, fences.candidate.closed, watch.observes('notes')]).toEqual([1, 1, false]);
});

test('a fence that holds or has moved cannot observe its owner’s writers', async () => {
  fences.legacy.found = { epoch: 5, mode: 'hold' };
  await expect(watch.begin('notes', false)).rejects.toMatchObject({ code: 'FICUS_WRITERS_NOT_OBSERVED' });
  fences.legacy.found = { epoch: 5, mode: 'armed' };
  fences.candidate.found = { epoch: 4, mode: 'moved' };
  await watch.begin('notes', false);
  expect(watch.observes('notes')).toBe(true);
});

describe('what is read', () => {
  beforeEach(async () => {
    await watch.begin('notes', false);
    for (const _ of ['of the time before', 'the first whole one', 'one more']) {
      now += 1000;
      report();
    }
  });

  test('is judged once the proxies have reported, and then removed', async () => {
    now += 1000;
    fences.legacy.write();
    fences.legacy.write({ application: 'psql', user: 'mia' });
    await watch.readAll();
    expect(fences.legacy.written).toHaveLength(2);
    const at = now;
    now += 1000;
    report([[at - 10, at + 10]]);
    await watch.readAll();
    expect(verdicts()).toEqual(['psql undeclared', 'web proxied']);
    expect(fences.legacy.written).toEqual([]);
    expect(watch.facts('notes')!.writers[0]!.entry).toMatchObject({ notes: { inside: 1 }, sessions: [11] });
  });

  test('by the clock of the database, whatever it shows', async () => {
    for (const aheadMs of [-3_600_000, 3_600_000]) {
      fences.legacy.aheadMs = aheadMs;
      now += 1000;
      const at = now;
      fences.legacy.write();
      now += 1000;
      report([[at - 10, at + 10]]);
      await watch.readAll();
      expect(watch.facts('notes')!.writers[0]!.entry.lastSeenAt).toBe(at);
    }
    expect(verdicts()).toEqual(['web proxied']);
  });

  test('a timer inside the pool is found, and a read that was asked each time is suspected', async () => {
    for (let round = 0; round < 3; round++) {
      now += 10_000;
      fences.legacy.write({ query: `UPDATE notes SET seen = 'yes'` });
      now += 500;
      report([], round === 0 ? ['list', 'other', 'save'] : ['list', 'save']);
      now += 1000;
      report();
      await watch.readAll();
    }
    expect(verdicts()).toEqual(['web outside']);
    const { entry } = watch.facts('notes')!.writers[0]!;
    expect(entry).toMatchObject({
      notes: { outside: 3 },
      askedMeanwhile: ['list'],
      sample: 'UPDATE notes SET seen = ?',
    });
    expect(watch.evaluate('notes')).toMatchObject({ answer: 'fail' });
  });

  test('without reports a note waits for half a minute, and then explains nothing', async () => {
    now += 1000;
    fences.legacy.write();
    now += 29_000;
    await watch.readAll();
    expect(fences.legacy.written).toHaveLength(1);
    now += 2_000;
    await watch.readAll();
    expect(fences.legacy.written).toHaveLength(0);
    expect(verdicts()).toEqual(['web unjudged']);
  });

  test('the stream’s own writes are none; another program with its role is one', async () => {
    fences.candidate.write({ user: 'notes_stream', application: 'ficus notes' });
    fences.candidate.write({ user: 'notes_stream', application: 'service' });
    fences.candidate.write({ user: 'mia', application: 'ficus notes' });
    now += 1000;
    report();
    await watch.readAll();
    expect(verdicts()).toEqual(['ficus notes unexpected', 'service unexpected']);
    expect(fences.candidate.written).toEqual([]);
  });

  test('more notes than one reading takes are read in the same turn', async () => {
    for (let at = 0; at < 4_100; at++) fences.legacy.write({ application: `app ${at % 3}`, pid: at });
    now += 1000;
    report();
    await watch.readAll();
    expect(fences.legacy.written).toEqual([]);
    const counts = watch.facts('notes')!.writers.map(({ entry }) => entry.notes.outside);
    expect(counts.reduce((sum, each) => sum + each)).toBe(4_100);
  });

  // Until the last step of a cutover the old owner's fence still holds.
  test.each(['hold', 'moved'] as const)(
    'after a change of owner (%s) it begins again, with the other side’s writers to explain',
    async (mode) => {
      fences.legacy.write({ application: 'old' });
      now += 1000;
      report();
      await watch.readAll();
      expect(verdicts()).toEqual(['old undeclared']);
      fences.legacy.write({ application: 'late' });
      fences.legacy.found = { epoch: 5, mode };
      fences.candidate.found = { epoch: 5, mode: 'armed' };
      owner = 'candidate';
      expect(verdicts()).toEqual([]);
      await watch.readAll();
      fences.candidate.write({ application: 'web service' });
      now += 1000;
      report();
      await watch.readAll();
      expect(fences.candidate.found.mode).toBe('observe');
      expect(verdicts()).toEqual(['web service undeclared']);
      expect(fences.legacy.written).toEqual([]);
      expect(watch.facts('notes')!.inventory.since).toBe(now - 1000);
    },
  );
});

describe('after a restart', () => {
  test('what was found is there, and the observation continues', async () => {
    await watch.begin('notes', false);
    const since = now;
    fences.legacy.write({ application: 'psql' });
    now += 31_000;
    await watch.readAll();
    await watch.stop();
    watch = await openWatch();
    now += 1000;
    await watch.readAll();
    expect(verdicts()).toEqual(['psql undeclared']);
    expect(watch.facts('notes')!.inventory).toMatchObject({ since, readAt: now });
  });

  test('a note that was counted but not removed counts once', async () => {
    await watch.begin('notes', false);
    fences.legacy.write({ application: 'psql' });
    now += 31_000;
    const forget = fences.legacy.forget.bind(fences.legacy);
    fences.legacy.forget = async () => {
      throw new Error('the process is killed here');
    };
    await watch.readAll();
    expect(fences.legacy.written).toHaveLength(1);
    fences.legacy.forget = forget;
    watch = await openWatch();
    await watch.readAll();
    expect(fences.legacy.written).toEqual([]);
    expect(watch.facts('notes')!.writers[0]!.entry.notes.unknown).toBe(1);
  });

  test('an inventory of a later version is not read', async () => {
    inventories.stored.set('notes', JSON.stringify({ version: 99, entries: 'another shape' }));
    watch = await openWatch();
    expect(watch.facts('notes')!.inventory).toMatchObject({ since: null, entries: [] });
  });
});

describe('while something is away', () => {
  beforeEach(() => watch.begin('notes', false));

  test('of the fenced database, the answer says so; afterwards reading continues', async () => {
    fences.legacy.failure = new Error('connect ECONNREFUSED');
    now += 5_000;
    await watch.readAll();
    expect(watch.evaluate('notes')!.reasons).toContain(
      'The fence of the legacy cannot be read: connect ECONNREFUSED',
    );
    fences.legacy.failure = undefined;
    await watch.readAll();
    expect(watch.evaluate('notes')!.reasons.join()).not.toContain('cannot be read');
  });

  test('of the control database, notes stay where they are, and count once when it is back', async () => {
    fences.legacy.write({ application: 'psql' });
    now += 31_000;
    inventories.fail = true;
    await watch.readAll();
    await watch.readAll();
    expect(fences.legacy.written).toHaveLength(1);
    inventories.fail = false;
    await watch.readAll();
    expect(fences.legacy.written).toEqual([]);
    expect(watch.facts('notes')!.writers[0]!.entry.notes.unknown).toBe(1);
  });
});

describe('a fence that another process turns', () => {
  beforeEach(() => watch.begin('notes', false));

  test('observes again after an attempt that was abandoned, and the evidence continues', async () => {
    const since = now;
    fences.legacy.found = { epoch: 5, mode: 'hold' };
    moving = true;
    now += 2_000;
    await watch.readAll();
    fences.legacy.found = { epoch: 5, mode: 'armed' };
    await watch.readAll();
    expect(fences.legacy.found.mode).toBe('armed');
    moving = false;
    await watch.readAll();
    expect(fences.legacy.found.mode).toBe('observe');
    expect(watch.facts('notes')!.inventory.since).toBe(since);
  });

  test('that was armed for longer begins its evidence again', async () => {
    fences.legacy.found = { epoch: 5, mode: 'armed' };
    now += 2 * MINUTE;
    await watch.readAll();
    expect(watch.facts('notes')!.inventory.since).toBe(now);
  });
});

test('an inventory that does not change is stored twice a minute, not at each reading', async () => {
  await watch.begin('notes', false);
  let writes = 0;
  const set = inventories.stored.set.bind(inventories.stored);
  inventories.stored.set = (slice, text) => {
    writes += 1;
    return set(slice, text);
  };
  for (let seconds = 0; seconds < 60; seconds += 3) {
    now += 3_000;
    await watch.readAll();
  }
  expect(writes).toBe(2);
  watch = await openWatch();
  expect(watch.facts('notes')!.inventory.readAt).toBeGreaterThan(now - 31_000);
});

test('again: what was found and what waits to be read is forgotten', async () => {
  await watch.begin('notes', false);
  fences.legacy.write({ application: 'psql' });
  now += 31_000;
  await watch.readAll();
  fences.legacy.write({ application: 'cron' });
  await watch.begin('notes', true);
  now += 31_000;
  await watch.readAll();
  expect(verdicts()).toEqual([]);
  expect(watch.facts('notes')!.inventory.since).toBe(now - 31_000);
});

test('a cutover is judged by the fences as they are now', async () => {
  await watch.begin('notes', false);
  fences.legacy.found = { epoch: 5, mode: 'hold' };
  expect(watch.evaluate('notes')!.reasons.join()).not.toContain('does not observe');
  expect((await watch.evaluateNow('notes'))!.reasons.join()).toContain('does not observe (it is hold)');
});

test('tables without a trigger are said', async () => {
  fences.legacy.knownGaps = [{ table: 'public.note_2027', why: 'has no trigger' }];
  await watch.begin('notes', false);
  expect(watch.evaluate('notes')!.reasons).toContain(
    'The fence of the legacy has a gap: public.note_2027 has no trigger.',
  );
});

test('writes that a fence could not record are said, until the observation begins again', async () => {
  fences.legacy.unrecorded = 5;
  await watch.begin('notes', false);
  expect(watch.evaluate('notes')!.reasons.join()).not.toContain('could not record');
  fences.legacy.unrecorded = 7;
  await watch.readAll();
  expect(watch.evaluate('notes')!.reasons).toContain(
    'The fence of the legacy could not record 2 writes (the table of notes was locked or full, or the disk was slow or full): begin again.',
  );
  await watch.begin('notes', true);
  expect(watch.evaluate('notes')!.reasons.join()).not.toContain('could not record');
});

test('a fence that misses more is asked to make room, also when there is nothing to remove', async () => {
  await watch.begin('notes', false);
  fences.legacy.unrecorded = 1;
  await watch.readAll();
  expect(fences.legacy.calls.filter((call) => call === 'forget 0')).toHaveLength(1);
  await watch.readAll();
  expect(fences.legacy.calls.filter((call) => call === 'forget 0')).toHaveLength(1);
});

test('an observation that ends leaves no notes in the table that all slices share', async () => {
  await watch.begin('notes', false);
  fences.legacy.write({ application: 'psql' });
  await watch.end('notes');
  expect(fences.legacy.written).toEqual([]);
});

test('a slice that leaves the config is let go; one whose tables change is opened again', async () => {
  await watch.begin('notes', false);
  config = watchedConfig([], { tables: [{ from: 'note', to: 'other' }] });
  (await watch.prepare(config))();
  await watch.readAll();
  expect(fences.legacy.closed).toBe(1);
  expect(opened.at(-1)).toMatchObject({ tables: ['public.other'] });
  config = { ...config, slices: {} };
  (await watch.prepare(config))();
  expect(watch.facts('notes')).toBeUndefined();
});

test('listeners hear of the beginning and the end of an observation', async () => {
  const heard: boolean[] = [];
  watch.subscribe(() => heard.push(watch.observes('notes')));
  await watch.begin('notes', false);
  await watch.end('notes');
  expect(heard).toEqual([true, false]);
});
