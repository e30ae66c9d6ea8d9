import { expect, test } from 'vitest';
import { PIN_WAIT_MS, SiblingPins } from './sibling-pins.ts';
import type { WorkerMessage } from './worker-messages.ts';

function makePins(siblings: boolean) {
  const sent: WorkerMessage[] = [];
  const here: string[] = [];
  const counted: string[] = [];
  const timers = new Map<() => void, number>();
  const pins = new SiblingPins({
    pins: { pin: (slice, key) => here.push(`${slice} ${key}`) },
    siblings,
    send: (message) => sent.push(message),
    count: (series) => counted.push(series),
    later: (action, ms) => {
      timers.set(action, ms);
      return () => timers.delete(action);
    },
  });
  return { pins, sent, here, counted, timers };
}

test('alone, a worker pins and waits for no other', () => {
  const { pins, sent, here, timers } = makePins(false);
  let pinned = 0;
  pins.begin({ slice: 'notes', key: 'ada' }, () => (pinned += 1));
  expect([pinned, timers.size]).toEqual([1, 0]);
  expect(here).toEqual(['notes ada']);
  expect(sent).toEqual([{ kind: 'pin-begin', slice: 'notes', key: 'ada', ask: 0 }]);
});

test('with siblings the user is pinned here at once, and the write leaves when all have answered', () => {
  const { pins, sent, here, timers } = makePins(true);
  const pinned: string[] = [];
  pins.begin({ slice: 'notes', key: 'ada' }, () => pinned.push('ada'));
  pins.begin({ slice: 'notes', key: 'bob' }, () => pinned.push('bob'));
  expect(here).toEqual(['notes ada', 'notes bob']);
  expect(sent.map((message) => (message.kind === 'pin-begin' ? message.ask : undefined))).toEqual([1, 2]);
  pins.answered(2);
  expect(pinned).toEqual(['bob']);
  pins.answered(1);
  pins.answered(1);
  expect(pinned).toEqual(['bob', 'ada']);
  expect(timers.size).toBe(0);
});

test('a sibling that does not answer costs a bounded wait, once, and is counted', () => {
  const { pins, counted, timers } = makePins(true);
  let pinned = 0;
  pins.begin({ slice: 'notes', key: 'ada' }, () => (pinned += 1));
  expect([...timers.values()]).toEqual([PIN_WAIT_MS]);
  for (const expire of timers.keys()) expire();
  pins.answered(1);
  expect(pinned).toBe(1);
  expect(counted).toEqual(['ficus_pin_waits_expired_total']);
});
