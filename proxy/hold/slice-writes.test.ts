import { expect, test } from 'vitest';
import { LASTING_MS, type SliceWrite, SliceWrites } from './slice-writes.ts';

function start() {
  const clock = { now: 1_000 };
  const timers: { action: () => void; at: number }[] = [];
  const writes = new SliceWrites({
    now: () => clock.now,
    later: (action, ms) => timers.push({ action, at: clock.now + ms }),
  });
  let changes = 0;
  writes.onChange = () => {
    changes += 1;
  };
  const pass = (ms: number): void => {
    clock.now += ms;
    for (const timer of timers.splice(0)) {
      if (timer.at <= clock.now) timer.action();
      else timers.push(timer);
    }
  };
  return { writes, pass, changes: () => changes };
}

const make = (slices = ['notes'], more: Partial<SliceWrite> = {}): SliceWrite => ({
  slices,
  caller: 'ada',
  turn: 1,
  inFlight: false,
  sentAtMs: 0,
  isOver: false,
  endless: false,
  routeIn: () => 'add',
  ...more,
});

test('a write is in flight from its sending to its end, in each slice that it writes, and counts once', () => {
  const { writes, changes } = start();
  const write = make(['notes', 'tags']);
  writes.leaves(write);
  expect([writes.inFlight('notes'), [...writes.underWay('notes')]]).toEqual([0, [write]]);
  writes.sends(write);
  // On another connection.
  writes.sends(write);
  expect([writes.inFlight('notes'), writes.inFlight('tags'), changes()]).toEqual([1, 1, 1]);
  writes.attemptEnds(write, 0);
  writes.ends(write);
  expect([writes.inFlight('notes'), [...writes.underWay('tags')], changes()]).toEqual([0, [], 2]);
});

test('a lost attempt stays in flight, without a client, for as long as it may be executed', () => {
  const { writes, pass } = start();
  const write = make();
  writes.leaves(write);
  writes.sends(write);
  writes.attemptEnds(write, 500);
  expect([writes.inFlight('notes'), writes.orphaned('notes')]).toEqual([1, 1]);
  // Another attempt.
  writes.sends(write);
  expect([writes.inFlight('notes'), writes.orphaned('notes')]).toEqual([2, 1]);
  writes.attemptEnds(write, 0);
  writes.ends(write);
  pass(499);
  expect(writes.inFlight('notes')).toBe(1);
  pass(1);
  expect([writes.inFlight('notes'), writes.orphaned('notes'), [...writes.underWay('notes')]]).toEqual([
    0,
    0,
    [],
  ]);
});

test('a request that the proxy gave up while it was in flight ends with its attempt', () => {
  const { writes } = start();
  const write = make();
  writes.leaves(write);
  writes.sends(write);
  writes.ends(write);
  expect(writes.inFlight('notes')).toBe(1);
  writes.attemptEnds(write, 0);
  expect([writes.inFlight('notes'), [...writes.underWay('notes')]]).toEqual([0, []]);
});

test('what may not end soon is named by its route: streams at once, others after a while', () => {
  const { writes, pass } = start();
  const [stream, upload, unsent] = [
    make(['notes'], { endless: true, routeIn: () => 'live' }),
    make(),
    make(),
  ];
  for (const write of [stream, upload, unsent]) writes.leaves(write);
  expect(writes.endless('notes')).toBeUndefined();
  writes.sends(stream);
  writes.sends(upload);
  expect(writes.endless('notes')).toEqual({ live: 1 });
  pass(LASTING_MS + 1);
  expect(writes.endless('notes')).toEqual({ live: 1, add: 1 });
});

// A hold does not wait for it, so nothing that comes before a hold may.
test('a lost attempt that may still be executed is not named: no client waits for its end', () => {
  const { writes, pass } = start();
  const write = make();
  writes.leaves(write);
  writes.sends(write);
  writes.attemptEnds(write, 10 * LASTING_MS);
  writes.ends(write);
  pass(LASTING_MS + 1);
  expect([writes.orphaned('notes'), writes.endless('notes')]).toEqual([1, undefined]);
});

test('only of observed slices it is kept when they had writes in flight', () => {
  const { writes, pass } = start();
  const write = make(['notes', 'tags']);
  writes.observe(new Set(['notes']));
  expect(writes.takeBusy()).toEqual({ notes: [] });
  writes.sends(write);
  pass(30);
  expect(writes.takeBusy()).toEqual({ notes: [[1_000, 1_030]] });
  pass(10);
  writes.attemptEnds(write, 0);
  pass(100);
  expect(writes.takeBusy()).toEqual({ notes: [[1_030, 1_040]] });
  expect(writes.takeBusy()).toEqual({ notes: [] });
  writes.observe(new Set());
  expect(writes.takeBusy()).toEqual({});
});

test('a slice that is observed in mid-write is busy from then on', () => {
  const { writes, pass } = start();
  const write = make();
  writes.sends(write);
  pass(50);
  writes.observe(new Set(['notes']));
  pass(5);
  writes.attemptEnds(write, 0);
  expect(writes.takeBusy()).toEqual({ notes: [[1_050, 1_055]] });
});
