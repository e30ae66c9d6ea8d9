import type { SliceView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { cutoverOf } from './attempt.fixture.ts';
import { formatRetired, remainsOf } from './format-retired.ts';

const slice = {
  routes: [
    { id: 'list', methods: ['GET', 'HEAD'], path: '/notes', kind: 'read' },
    { id: 'any', methods: [], path: '/notes/*', kind: 'write' },
  ],
  tables: [
    { from: 'public.notes', to: 'public.notes' },
    { from: 'public.notes', to: 'public.old_notes' },
  ],
} as unknown as SliceView;

test('what is left in the monolith: code by route, and each table once', () => {
  const remains = remainsOf(slice);
  expect(remains).toEqual({ routes: ['GET|HEAD /notes', 'ANY /notes/*'], tables: ['public.notes'] });
  expect(formatRetired(cutoverOf(null), remains)).toMatch(
    /^✓ notes is retired[^\n]+\n\n {2}Left to delete in the monolith:\n {4}the code of GET\|HEAD \/notes\n {4}the code of ANY \/notes\/\*\n {4}the table public\.notes\n/,
  );
});
