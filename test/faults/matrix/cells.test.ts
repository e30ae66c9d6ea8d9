import { CUTOVER_STEPS } from '@ficus/core';
import { expect, test } from 'vitest';
import { CELLS, type Cell, kindOf, nameOf, selectCells, stopMs } from './cells.ts';

test('every victim is hit at every step, forward and back', () => {
  expect(CELLS.length % (CUTOVER_STEPS.length * 2)).toBe(0);
  expect(new Set(CELLS.map(nameOf)).size).toBe(CELLS.length);
});

test('a selection narrows with each part; a word that no cell has is refused', () => {
  const chosen = selectCells('victim=worker|proxy,signal=KILL,step=hold,direction=back');
  expect(chosen.map(nameOf)).toEqual(['proxy KILL, hold, back', 'worker KILL, hold, back']);
  expect(selectCells('')).toBe(CELLS);
  expect(() => selectCells('victim=moon')).toThrow('No cell has victim “moon”.');
  expect(() => selectCells('planet=moon')).toThrow('--only has no “planet”.');
});

test('a suspension has a length, a kill has none', () => {
  expect(stopMs('STOP 6 s')).toBe(6_000);
  expect(stopMs('KILL')).toBeUndefined();
});

test.each<[Cell['victim'], string, ReturnType<typeof kindOf>]>([
  ['coordinator', 'FICUS_PROXY_WRITES_HELD', 'held too long'],
  ['proxy', 'ECONNREFUSED', 'by the victim'],
  ['worker', 'UND_ERR_SOCKET', 'by the victim'],
  ['coordinator', 'ECONNREFUSED', 'other'],
  ['legacy db', 'app 57P01', 'by the victim'],
  ['legacy db', 'app FI001', 'other'],
  ['proxy', 'app FI001', 'other'],
  ['control db', 'app 57P01', 'other'],
])('when %s is hit, %s counts as %s', (victim, why, kind) => {
  expect(kindOf({ victim, signal: 'KILL', step: 'hold', direction: 'back' }, why)).toBe(kind);
});
