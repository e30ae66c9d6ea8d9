import { describe, expect, test } from 'vitest';
import type { Leases } from '../hold/evaluate-passage.ts';
import { ATTEMPT, held, leased, makeGate, open } from './gate.fixture.ts';
import { SliceStates } from './slice-states.ts';

test('a write that is not held leaves at once, whatever it pins', () => {
  const { enter, timers } = makeGate();
  expect(enter().decidedBy).toEqual([open('legacy', 1)]);
  expect(enter({ slices: [] }).hasLeft).toBe(true);
  expect(timers.size).toBe(0);
});

describe('a waiting write is decided by the state when it leaves', () => {
  test('while its siblings pin its user', () => {
    const { enter, set, waitForSiblings, siblingsPin } = makeGate();
    waitForSiblings();
    const write = enter();
    set(open('candidate', 2));
    expect(write.hasLeft).toBe(false);
    siblingsPin();
    expect(write.decidedBy).toEqual([open('candidate', 2)]);
  });

  test('while its slice is held', () => {
    const { enter, set, gate, timers } = makeGate();
    set(held);
    const write = enter();
    expect([write.hasLeft, gate.heldCount]).toEqual([false, 1]);
    set(open('candidate', 2));
    expect(write.decidedBy).toEqual([open('candidate', 2)]);
    expect([gate.heldCount, timers.size]).toEqual([0, 0]);
  });

  test('while its slice is held, from before its siblings had its pin', () => {
    const { enter, set, waitForSiblings, siblingsPin } = makeGate();
    waitForSiblings();
    const write = enter();
    set(held);
    siblingsPin();
    expect(write.hasLeft).toBe(false);
    set(open('legacy', 1));
    expect(write.decidedBy).toEqual([open('legacy', 1)]);
  });

  test('while another slice that it writes is held', () => {
    const { enter, set } = makeGate();
    set(held, 'tags');
    const write = enter({ slices: ['notes', 'tags'] });
    set(held);
    set(open('legacy', 1), 'tags');
    expect(write.hasLeft).toBe(false);
    set(open('candidate', 2));
    expect(write.decidedBy).toEqual([open('candidate', 2)]);
  });
});

describe('under a lease', () => {
  test('writes leave from the announcement on, wait when the lease has run out, and leave when it is renewed', () => {
    const { enter, set, renew, pass } = makeGate();
    set(leased);
    expect(enter({ caller: 'eve' }).hasLeft).toBe(true);
    pass(400);
    renew({ notes: { attempt: 4, untilMs: 1_400 } });
    pass(999);
    expect(enter({ caller: 'bob' }).hasLeft).toBe(true);
    pass(1);
    const late = enter({ caller: 'joe' });
    expect(late.hasLeft).toBe(false);
    renew({ notes: { attempt: 4, untilMs: 2_000 } });
    expect(late.decidedBy).toEqual([leased]);
  });

  test('the first lease counts from the announcement, however often that is repeated', () => {
    const { enter, set, renew, pass } = makeGate();
    set(leased);
    pass(600);
    set(leased);
    // Those of other slices alone.
    renew({});
    pass(399);
    expect(enter({ caller: 'bob' }).hasLeft).toBe(true);
    pass(1);
    set(leased);
    expect(enter().hasLeft).toBe(false);
  });

  test('a worker that starts under an attempt has no lease but the one of its proxy', () => {
    const started = (leases: Leases) => new SliceStates({ notes: leased }, leases, () => 500);
    expect(started({}).passage('notes')).toBe('no-lease');
    expect(started({ notes: { attempt: 4, untilMs: 501 } }).passage('notes')).toBe('pass');
    const states = started({});
    states.replace({ notes: leased });
    expect(states.passage('notes')).toBe('no-lease');
  });

  test('a lease of an earlier attempt does not count', () => {
    const { enter, set, renew, pass } = makeGate();
    set(leased);
    pass(1_000);
    renew({ notes: { attempt: 3, untilMs: 60_000 } });
    expect(enter().hasLeft).toBe(false);
  });

  test('without one, writes are refused after their wait, and those of open slices leave', () => {
    const { enter, set, pass } = makeGate();
    set(leased);
    pass(1_000);
    const write = enter();
    expect(enter({ slices: ['tags'], caller: 'bob' }).hasLeft).toBe(true);
    pass(5_000);
    expect(write.refusal).toMatchObject({ code: 'FICUS_PROXY_WRITES_HELD', retryAfterSeconds: 1 });
  });
});

test('a write that enters again waits only while its slice is held, takes no further pins, and waits no longer in all', () => {
  const { gate, make, set, waitForSiblings, pass } = makeGate();
  // A pin would wait forever.
  waitForSiblings();
  const [first, second] = [make(), make({ caller: 'bob' })];
  gate.enterAgain(first);
  expect(first.hasLeft).toBe(true);
  set(held);
  gate.enterAgain(second);
  pass(4_000);
  set(open('legacy', 1));
  expect(second.hasLeft).toBe(true);
  set(held);
  gate.enterAgain(second);
  pass(999);
  expect(second.refusal).toBeUndefined();
  pass(1);
  expect(second.refusal).toMatchObject({ code: 'FICUS_PROXY_WRITES_HELD' });
});

describe('order', () => {
  test('writes leave in the order in which they came; a hold that stays keeps them', () => {
    const { enter, set } = makeGate();
    const left: string[] = [];
    set(held);
    for (const caller of ['ann', 'bob', 'eve']) enter({ caller }).onLeave = () => left.push(caller);
    set({ ...ATTEMPT, writes: 'held', waitMs: 1 });
    expect(left).toEqual([]);
    set(open('candidate', 2));
    expect(left).toEqual(['ann', 'bob', 'eve']);
  });

  test('of one caller, the next leaves when the one before it is over; a new one does not overtake', () => {
    const { gate, enter, set } = makeGate();
    set(held);
    const [first, second, other] = [enter(), enter(), enter({ caller: 'bob' })];
    set(open('candidate', 2));
    const third = enter();
    expect([first, second, third, other].map(({ hasLeft }) => hasLeft)).toEqual([true, false, false, true]);
    gate.over(first);
    expect([second.hasLeft, third.hasLeft]).toEqual([true, false]);
    gate.over(second);
    expect(third.hasLeft).toBe(true);
    gate.over(third);
    expect(enter().hasLeft).toBe(true);
  });

  test('one whose earlier write takes too long leaves, and is not refused', () => {
    const { enter, set, pass } = makeGate();
    set(held);
    enter();
    const second = enter();
    set(open('legacy', 1));
    pass(4_999);
    expect(second.hasLeft).toBe(false);
    pass(1);
    expect(second.hasLeft).toBe(true);
  });

  test('a write that was on its way when the hold began, and returns, is still first', () => {
    const { gate, writes, enter, set } = makeGate();
    const first = enter();
    writes.leaves(first);
    set(held);
    const second = enter();
    // Its connection is there now.
    writes.returns(first);
    gate.enterAgain(first);
    set(open('candidate', 2));
    expect([first.decidedBy.at(-1), second.hasLeft]).toEqual([open('candidate', 2), false]);
    gate.over(first);
    expect(second.hasLeft).toBe(true);
  });

  test('a write that is still on its way after the release goes before the one that waited', () => {
    const { gate, writes, enter, set } = makeGate();
    const first = enter();
    writes.leaves(first);
    set(held);
    const second = enter();
    set(open('candidate', 2));
    expect(second.hasLeft).toBe(false);
    writes.ends(first);
    gate.over(first);
    expect(second.hasLeft).toBe(true);
  });

  test('one whose answer is a stream without an end keeps none of its caller waiting, also in a hold', () => {
    const { gate, writes, enter, set } = makeGate();
    const stream = enter();
    writes.leaves(stream);
    gate.over(stream);
    set(held);
    const second = enter();
    set(open('candidate', 2));
    expect(second.hasLeft).toBe(true);
  });

  test('callers without a name are not kept waiting for one another', () => {
    const { enter, set } = makeGate();
    set(held);
    const writes = [enter({ caller: null }), enter({ caller: null })];
    set(open('candidate', 2));
    expect(writes.map(({ hasLeft }) => hasLeft)).toEqual([true, true]);
  });
});

test('a few released writes are under way at once: the next leaves when one is over', () => {
  const { gate, enter, set } = makeGate({ releasedAtOnce: 3 });
  set(held);
  const writes = Array.from({ length: 10 }, (_, at) => enter({ caller: `user-${at}` }));
  const left = () => writes.filter(({ hasLeft }) => hasLeft).length;
  set(open('candidate', 2));
  expect(left()).toBe(3);
  gate.over(writes[0]!);
  expect(left()).toBe(4);
  // As when the upstream refuses them at once.
  for (const write of writes.slice(4)) write.onLeave = () => gate.over(write);
  for (const write of writes.slice(1, 4)) gate.over(write);
  expect([left(), gate.heldCount]).toEqual([10, 0]);
});

test('a write that is not released in time is refused, and stays refused', () => {
  const { enter, set, pass, counted, timers } = makeGate();
  set(held);
  const write = enter();
  pass(4_999);
  expect(write.refusal).toBeUndefined();
  pass(1);
  expect(write.refusal).toMatchObject({ code: 'FICUS_PROXY_WRITES_HELD', retryAfterSeconds: 1 });
  set(open('candidate', 2));
  expect([write.hasLeft, timers.size]).toEqual([false, 0]);
  expect(counted).toEqual(['ficus_held_writes_total{slice="notes",outcome="expired"}']);
});

test('a write whose client has disconnected gives its place to another, and never leaves', () => {
  const { gate, enter, set, counted, timers } = makeGate({ hardCount: 1 });
  set(held);
  const gone = enter();
  gate.abandon(gone);
  expect([gate.heldCount, timers.size]).toEqual([0, 0]);
  const other = enter({ caller: 'bob' });
  set(open('candidate', 2));
  gate.abandon(gone);
  expect([gone.hasLeft, other.hasLeft]).toEqual([false, true]);
  expect(counted).toEqual([
    'ficus_held_writes_total{slice="notes",outcome="abandoned"}',
    'ficus_held_writes_total{slice="notes",outcome="released"}',
  ]);
});

test('a write whose client disconnects before its siblings have its pin takes no place', () => {
  const { gate, enter, set, waitForSiblings, siblingsPin } = makeGate();
  waitForSiblings();
  set(held);
  const write = enter();
  gate.abandon(write);
  siblingsPin();
  set(open('candidate', 2));
  expect([write.hasLeft, gate.heldCount]).toEqual([false, 0]);
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
  expect(enter().decidedBy).toEqual([open('candidate', 2)]);
});

describe('bounds', () => {
  test('at the soft ones the worker is full and holds on; at the hard ones a write is refused', () => {
    const { gate, enter, set, counted } = makeGate({ softCount: 2, hardCount: 3 });
    set(held);
    const users = ['a', 'b', 'c'].map((caller) => ({ caller }));
    expect([enter(users[0]), gate.held('notes').full][1]).toBe(false);
    expect([enter(users[1]), gate.held('notes')][1]).toEqual({ held: 2, heldBytes: 200, full: true });
    const third = enter(users[2]);
    const fourth = enter({ caller: 'd' });
    expect([third.refusal, fourth.refusal?.code]).toEqual([undefined, 'FICUS_PROXY_WRITES_HELD']);
    set(open('legacy', 1));
    expect(third.hasLeft).toBe(true);
    expect(counted[0]).toBe('ficus_held_writes_total{slice="notes",outcome="full"}');
    expect(gate.held('notes')).toEqual({ held: 0, heldBytes: 0, full: false });
  });

  test('bytes count as well', () => {
    const { gate, enter, set } = makeGate({ softBytes: 1_000, hardBytes: 2_000 });
    set(held);
    enter({ caller: 'a', bytes: 1_000 });
    expect(gate.held('notes')).toEqual({ held: 1, heldBytes: 1_000, full: true });
    expect(enter({ caller: 'b', bytes: 1_001 }).refusal?.code).toBe('FICUS_PROXY_WRITES_HELD');
    expect(enter({ caller: 'c', bytes: 1_000 }).refusal).toBeUndefined();
  });
});
