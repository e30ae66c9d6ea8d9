import { expect, test } from 'vitest';
import { catalogue } from '../errors/catalogue.ts';
import { nameSlice, nameSliceIn } from './name-slice.ts';

test('every command of a remedy gets the name, and nothing else does', () => {
  const remedies = Object.values(catalogue).map(({ remedy }) => nameSlice(remedy, 'notes'));
  expect(remedies.filter((remedy) => remedy.includes('ficus cutover notes --resume')).length).toBeGreaterThan(
    1,
  );
  // What is left stands for no command: slices.SLICE of a config, say.
  expect(remedies.filter((remedy) => /ficus\b[^.;,]*\bSLICE/.test(remedy))).toEqual([]);
  expect(nameSlice('Table public.SLICE: ficus copy SLICE --restart', 'notes')).toBe(
    'Table public.SLICE: ficus copy notes --restart',
  );
});

test('what is no name of a slice takes the place of none', () => {
  for (const slice of [undefined, '', 'notes; rm -rf /', '$&', 'Notes'])
    expect(nameSlice('ficus copy SLICE', slice)).toBe('ficus copy SLICE');
});

test('a problem keeps what it has besides', () => {
  expect(
    nameSliceIn({ code: 'X', message: 'Run ficus copy SLICE.', remedy: '`ficus status SLICE`' }, 'notes'),
  ).toEqual({ code: 'X', message: 'Run ficus copy notes.', remedy: '`ficus status notes`' });
});
