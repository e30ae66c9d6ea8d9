import type { NamedGuardAnswer } from '@ficus/core';
import { expect, test } from 'vitest';
import { noteOverridden, requireGuards } from './require-guards.ts';

const pass: NamedGuardAnswer = { guard: 'data', answer: 'pass', text: 'Complete.', numbers: {} };
const lag: NamedGuardAnswer = { guard: 'lag', answer: 'fail', text: '12 ms behind.', numbers: { lagMs: 12 } };
const parity: NamedGuardAnswer = {
  guard: 'parity',
  answer: 'insufficient evidence',
  text: 'Nothing compared.',
  numbers: { compared: 0 },
};

test('all pass: nothing to note', () => {
  expect(requireGuards('notes', [pass], false)).toEqual([]);
  expect(requireGuards('notes', [pass], true)).toEqual([]);
  expect(noteOverridden([])).toBe('');
});

test('a guard that fails refuses, and so does one without evidence; every answer comes along', () => {
  for (const refusing of [lag, parity])
    expect(() => requireGuards('notes', [pass, refusing], false)).toThrow(
      expect.objectContaining({ code: 'FICUS_GUARD_REFUSED', details: { guards: [pass, refusing] } }),
    );
  expect(() => requireGuards('notes', [pass, lag, parity], false)).toThrow(
    'notes is held back by its guards. lag: fail. 12 ms behind. parity: insufficient evidence. Nothing compared.',
  );
});

test('force overrides, and the audit names what was overridden', () => {
  const overridden = requireGuards('notes', [pass, lag], true);
  expect(overridden).toEqual([lag]);
  expect(noteOverridden(overridden)).toBe('(forced past lag: fail. 12 ms behind.)');
});
