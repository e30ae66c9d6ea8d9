import { configSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import { noteGrantRoles } from './note-grant-roles.ts';

const configOf = (legacy: string, candidate: string, control: string) =>
  configSchema.parse({
    version: 1,
    legacy: { url: 'http://127.0.0.1:1', database: `postgres://${legacy}db/shop` },
    control: { database: `postgres://${control}db/ficus` },
    slices: {
      notes: {
        candidate: { url: 'http://127.0.0.1:2', database: `postgres://${candidate}db/notes` },
        routes: [{ id: 'list', path: '/notes' }],
        tables: [{ from: 'public.notes', to: 'public.notes' }],
      },
    },
  });

test('URLs with the roles that are made, and URLs without a role, need no note', () => {
  expect(noteGrantRoles(configOf('ficus_reader@', 'ficus_writer:x@', 'ficus_control@'))).toEqual([]);
  expect(noteGrantRoles(configOf('', '', ''))).toEqual([]);
});

test('another role in a URL is named, with the one that is made', () => {
  const notes = noteGrantRoles(configOf('postgres:s3cret@', 'ficus_notes@', 'postgres@'));
  expect(notes.map(({ path }) => path)).toEqual([
    'legacy.database',
    'slices.notes.candidate.database',
    'control.database',
  ]);
  expect(notes[1]?.message).toBe(
    'connects as “ficus_notes”, and this SQL makes “ficus_writer”. Write “ficus_writer” into the URL, and print the SQL again: its part for the fence lets the URL’s role pass',
  );
  expect(notes[2]?.message).not.toContain('fence');
  expect(JSON.stringify(notes)).not.toContain('s3cret');
});
