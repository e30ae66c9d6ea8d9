import { expect, test } from 'vitest';
import { foldNotes } from './fold-notes.ts';

test('notes are counted in place of shown, but for what the cutover itself has found', () => {
  const said: string[] = [];
  const folded = foldNotes((line) => said.push(line));
  for (const line of [
    '✓ The candidate owns it',
    '  \u001b[33m!\u001b[39m one',
    '',
    '  ! two',
    '  ! After the release: mismatch.',
  ])
    folded.line(line);
  folded.end();
  expect(said).toEqual([
    '✓ The candidate owns it',
    '  ! After the release: mismatch.',
    '  ! 2 notes for operators, left out here (docs/operations/before-a-cutover.md)',
  ]);
});

test('without notes nothing is added', () => {
  const said: string[] = [];
  foldNotes((line) => said.push(line)).end();
  expect(said).toEqual([]);
});
