import { expect, test } from 'vitest';
import { findLack } from './find-lack.ts';

const broken = { code: 'FICUS_CDC_SCHEMA_CHANGED', message: 'changed', remedy: 'copy again' };

test.each([
  ['streaming', true, undefined],
  // It continues by itself: pins and the lag are for such moments.
  ['reconnecting', true, undefined],
  ['standby', true, undefined],
  // Between two sessions.
  ['starting', true, undefined],
  ['stopped', true, undefined],
  ['copying', true, 'rows'],
  ['copying', undefined, 'rows'],
  ['stopped', false, 'rows'],
  ['starting', false, 'rows'],
  ['starting', undefined, null],
  ['reconnecting', undefined, null],
] as const)('%s, copied: %s', (state, copied, expected) => {
  expect(findLack({ state, problem: undefined }, copied)).toBe(expected);
});

test.each([
  ['stopped', true, 'changes'],
  ['stopped', undefined, 'changes'],
  ['stopped', false, 'rows'],
  // It waits for another session, for instance, and continues by itself.
  ['starting', true, undefined],
  ['reconnecting', true, undefined],
] as const)('%s with a problem, copied: %s', (state, copied, expected) => {
  expect(findLack({ state, problem: broken }, copied)).toBe(expected);
});
