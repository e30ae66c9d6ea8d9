import { describe, expect, test } from 'vitest';
import { failedBefore, type Lifecycle, mayFollow, publicState, TRANSITIONS } from './lifecycle.ts';

const NAMES = Object.keys(TRANSITIONS) as Lifecycle['name'][];

describe('transitions', () => {
  test('every state can be stopped, and none stays for good', () => {
    for (const name of NAMES) {
      expect(mayFollow(name, 'idle'), name).toBe(true);
      expect(mayFollow(name, 'starting'), name).toBe(true);
    }
  });

  test.each([
    ['idle', 'streaming'],
    ['standby', 'streaming'],
    ['reconnecting', 'copying'],
    ['stopped', 'streaming'],
    ['streaming', 'copying'],
    ['standby', 'reconnecting'],
  ] as const)('%s cannot lead directly to %s: a session starts in between', (from, to) => {
    expect(mayFollow(from, to)).toBe(false);
  });
});

test('a problem stays visible while the stream is retried', () => {
  const problem = { code: 'FICUS_CDC_SLOT_LOST', message: 'gone', remedy: 'copy again' };
  for (const state of ['stopped', 'reconnecting'] as const) {
    const after = { name: state, problem };
    expect(publicState({ name: 'starting', after })).toEqual({ state, problem });
    expect(failedBefore(after)).toEqual(after);
    expect(failedBefore({ name: 'starting', after })).toEqual(after);
  }
  expect(failedBefore({ name: 'streaming' })).toBeUndefined();
  expect(publicState({ name: 'starting' })).toEqual({ state: 'starting', problem: undefined });
  expect(publicState({ name: 'idle' })).toEqual({ state: 'stopped', problem: undefined });
});
