import type { SliceState } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import { WriteGate } from './write-gate.ts';

const open = (owner: 'legacy' | 'candidate', epoch: number): SliceState => ({ owner, epoch, writes: 'open' });
const held: SliceState = { owner: 'legacy', epoch: 1, writes: 'held', waitMs: 5_000 };

/** A gate whose clock, siblings and slice states the test controls. */
function makeGate(mostHeld?: number) {
  const states = new Map<string, SliceState>([['notes', open('legacy', 1)]]);
  const pinning: (() => void)[] = [];
  const timers = new Set<{ action: () => void; ms: number }>();
  const counted: string[] = [];
  let everywhere = true;
  const gate = new WriteGate({
    pins: {
      begin: (_, pinned) => {
        if (everywhere) pinned();
        else pinning.push(pinned);
      },
      end: () => {},
    },
    stateOf: (slice) => states.get(slice)!,
    count: (series) => counted.push(series),
    later: (action, ms) => {
      const timer = { action, ms };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    ...(mostHeld === undefined ? {} : { mostHeld }),
  });
  /** A write enters; what decides it is read when it leaves. */
  const enter = (slices: readonly string[] = ['notes']) => {
    const write: { decidedBy?: SliceState; refusal?: ProblemAnswer } = {};
    const pins = slices.map((slice) => ({ slice, key: 'ada' }));
    gate.enter(pins, (refusal) => {
      if (refusal) write.refusal = refusal;
      else write.decidedBy = states.get('notes')!;
    });
    return write;
  };
  const set = (state: SliceState, slice = 'notes'): void => {
    states.set(slice, state);
    gate.stateChanged();
  };
  return {
    gate,
    enter,
    set,
    counted,
    timers,
    waitForSiblings: () => {
      everywhere = false;
    },
    siblingsPin: () => {
      for (const pinned of pinning.splice(0)) pinned();
    },
    expire: () => {
      for (const timer of [...timers]) {
        timers.delete(timer);
        timer.action();
      }
    },
  };
}

test('a write that is not held leaves at once, whatever it pins', () => {
  const { enter, timers } = makeGate();
  expect(enter().decidedBy).toEqual(open('legacy', 1));
  expect(enter([]).decidedBy).toEqual(open('legacy', 1));
  expect(timers.size).toBe(0);
});

describe('a waiting write is decided by the state when it leaves', () => {
  test('while its siblings pin its user', () => {
    const { enter, set, waitForSiblings, siblingsPin } = makeGate();
    waitForSiblings();
    const write = enter();
    set(open('candidate', 2));
    expect(write).toEqual({});
    siblingsPin();
    expect(write.decidedBy).toEqual(open('candidate', 2));
  });

  test('while its slice is held', () => {
    const { enter, set, gate, timers } = makeGate();
    set(held);
    const write = enter();
    expect(write).toEqual({});
    expect(gate.heldCount).toBe(1);
    set(open('candidate', 2));
    expect(write.decidedBy).toEqual(open('candidate', 2));
    expect([gate.heldCount, timers.size]).toEqual([0, 0]);
  });

  test('while its slice is held, from before its siblings had its pin', () => {
    const { enter, set, waitForSiblings, siblingsPin } = makeGate();
    waitForSiblings();
    const write = enter();
    set(held);
    siblingsPin();
    expect(write).toEqual({});
    set(open('legacy', 1));
    expect(write.decidedBy).toEqual(open('legacy', 1));
  });

  test('while another slice that it writes is held', () => {
    const { enter, set } = makeGate();
    set(held, 'tags');
    const write = enter(['notes', 'tags']);
    set(held);
    set(open('legacy', 1), 'tags');
    expect(write).toEqual({});
    set(open('candidate', 2));
    expect(write.decidedBy).toEqual(open('candidate', 2));
  });
});

test('a write that enters again waits only while its slice is held, and takes no further pins', () => {
  const { gate, set, waitForSiblings } = makeGate();
  // A pin would wait forever.
  waitForSiblings();
  const left: string[] = [];
  const enterAgain = (write: string) =>
    gate.enterAgain([{ slice: 'notes', key: 'ada' }], () => left.push(write));
  enterAgain('first');
  expect(left).toEqual(['first']);
  set(held);
  enterAgain('second');
  expect(left).toEqual(['first']);
  set(open('candidate', 2));
  expect(left).toEqual(['first', 'second']);
});

test('writes leave in the order in which they came; a hold that stays keeps them', () => {
  const { gate, set } = makeGate();
  const left: number[] = [];
  set(held);
  for (const write of [1, 2, 3]) gate.enter([{ slice: 'notes', key: `${write}` }], () => left.push(write));
  set({ ...held, waitMs: 1 });
  expect(left).toEqual([]);
  set(open('candidate', 2));
  expect(left).toEqual([1, 2, 3]);
});

test('a write that is not released in time is refused, and stays refused', () => {
  const { enter, set, expire, counted, timers } = makeGate();
  set(held);
  const write = enter();
  expect([...timers].map(({ ms }) => ms)).toEqual([5_000]);
  expire();
  expect(write.refusal).toMatchObject({ code: 'FICUS_PROXY_WRITES_HELD', retryAfterSeconds: 1 });
  set(open('candidate', 2));
  expect(write.decidedBy).toBeUndefined();
  expect(counted).toEqual(['ficus_held_writes_total{slice="notes",outcome="expired"}']);
});

test('a write whose client has disconnected gives its place to another, and never leaves', () => {
  const { gate, enter, set, counted, timers } = makeGate(1);
  set(held);
  let left = 0;
  const abandon = gate.enter([{ slice: 'notes', key: 'ada' }], () => {
    left += 1;
  });
  abandon();
  expect([gate.heldCount, timers.size]).toEqual([0, 0]);
  const other = enter();
  set(open('candidate', 2));
  abandon();
  expect([left, other.decidedBy]).toEqual([0, open('candidate', 2)]);
  expect(counted).toEqual([
    'ficus_held_writes_total{slice="notes",outcome="abandoned"}',
    'ficus_held_writes_total{slice="notes",outcome="released"}',
  ]);
});

test('a write whose client disconnects before its siblings have its pin takes no place', () => {
  const { gate, set, waitForSiblings, siblingsPin } = makeGate();
  waitForSiblings();
  set(held);
  let left = 0;
  const abandon = gate.enter([{ slice: 'notes', key: 'ada' }], () => {
    left += 1;
  });
  abandon();
  siblingsPin();
  set(open('candidate', 2));
  expect([gate.heldCount, left]).toEqual([0, 0]);
});

test('once the gate is closed, writes that wait or would have to are refused; others leave', () => {
  const { gate, enter, set, timers } = makeGate();
  set(held);
  const waiting = enter();
  gate.close();
  expect(waiting.refusal).toMatchObject({ code: 'FICUS_PROXY_WRITES_HELD' });
  expect(enter().refusal?.detail).toContain('the proxy is stopping');
  expect([gate.heldCount, timers.size]).toEqual([0, 0]);
  set(open('candidate', 2));
  expect(enter().decidedBy).toEqual(open('candidate', 2));
});

test('beyond the bound a write is refused at once; waiting ones still leave', () => {
  const { enter, set, counted } = makeGate(1);
  set(held);
  const [first, second] = [enter(), enter()];
  expect(second.refusal).toMatchObject({ code: 'FICUS_PROXY_WRITES_HELD' });
  set(open('legacy', 1));
  expect(first.decidedBy).toEqual(open('legacy', 1));
  expect(counted).toEqual([
    'ficus_held_writes_total{slice="notes",outcome="full"}',
    'ficus_held_writes_total{slice="notes",outcome="released"}',
  ]);
});
