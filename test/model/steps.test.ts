/** The model’s steps are the code’s. */
import { CUTOVER_STEPS } from '@ficus/core';
import { expect, test } from 'vitest';
import { MUTANTS } from './configurations.ts';
import { readModel } from './model-text.ts';

const model = readModel().text;

test('the model has the steps of the code, in their order', () => {
  const [, names = ''] = /^mtype:step = \{ (.*) \};$/m.exec(model) ?? [];
  expect(names.split(', ')).toEqual(CUTOVER_STEPS);
});

test('its coordinator enters them in that order, and is killed in each', () => {
  const [, coordinator = ''] = /^proctype Coordinator([\s\S]*?)^}/m.exec(model) ?? [];
  const entered = [...coordinator.matchAll(/\bat\[me\] = (\w+)/g)].map(([, step]) => step);
  expect([...new Set(entered)].filter((step) => step !== '0')).toEqual(CUTOVER_STEPS);
  const killed = [...coordinator.matchAll(/at\[me - 1\] == ([a-z]+) ->/g)].map(([, step]) => step);
  expect(killed).toEqual(CUTOVER_STEPS);
});

test('each mutant of the model is run, and each that is run exists', () => {
  const written = new Set([...model.matchAll(/\bM_[A-Z_]+\b/g)].map(([name]) => name));
  const ran = MUTANTS.flatMap(({ defines }) => defines.filter((define) => define.startsWith('M_')));
  expect([...ran].sort()).toEqual([...written].sort());
});
