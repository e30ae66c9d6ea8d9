/** What a run turns a fence to, by what it finds; the fence of a later attempt it leaves as it is. */
import type { FenceMode, FenceState } from '@ficus/core';
import { expect, test } from 'vitest';
import { type DecideTurn, decideLift, decideSeal, decideShut, decideUndo } from './fence-turns.ts';

const decisions: Readonly<Record<string, DecideTurn>> = {
  undo: decideUndo(4, true, 'observe'),
  'undo at last': decideUndo(4, false, 'armed'),
  lift: decideLift(4),
  seal: decideSeal(4),
  shut: decideShut(4),
};

test.each([
  ['undo', '4 hold', '4 observe'],
  ['undo', '3 armed', '4 armed'],
  ['undo', '4 armed', undefined],
  ['undo', '5 hold', undefined],
  ['undo at last', '3 armed', undefined],
  ['undo at last', '4 hold', '4 armed'],
  ['lift', '3 moved', '4 armed'],
  ['lift', '4 observe', undefined],
  ['lift', '5 moved', undefined],
  ['seal', '4 hold', '4 moved'],
  ['seal', '4 armed', '4 moved'],
  ['seal', '5 armed', undefined],
  ['shut', '3 moved', '4 moved'],
  ['shut', '4 armed', '4 moved'],
  ['shut', '4 moved', undefined],
])('%s in epoch 4, found %s: %s', (name, found, expected) => {
  const [epoch, mode] = found.split(' ') as [string, FenceMode];
  const wanted: FenceState | undefined = decisions[name]!({ epoch: Number(epoch), mode });
  expect(wanted && `${wanted.epoch} ${wanted.mode}`).toBe(expected);
});

test('the new owner’s fence of a later epoch: another process has changed the owner', () => {
  expect(() => decideShut(4)({ epoch: 5, mode: 'moved' })).toThrow('Another process has changed the owner');
});
