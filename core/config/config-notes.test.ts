import { expect, test } from 'vitest';
import { noteConfig } from './config-notes.ts';
import { formatProblem } from './config-problem.ts';
import { configSchema } from './config-schema.ts';

const LIST = { id: 'list', path: '/notes' };
const ADD = { id: 'add', methods: ['POST'], path: '/notes' };
const REMOVE = { id: 'remove', methods: ['DELETE'], path: '/notes/:id' };

const notesOf = (routes: readonly object[], tables: readonly object[] = []) =>
  noteConfig(
    configSchema.parse({
      version: 1,
      legacy: { url: 'http://127.0.0.1:3000' },
      slices: { notes: { candidate: { url: 'http://127.0.0.1:3001' }, routes, tables } },
    }),
  ).map(formatProblem);

test('the writes that move with the serve flag are named', () => {
  expect(notesOf([LIST, ADD, REMOVE])).toEqual([
    expect.stringMatching(
      /^slices\.notes\.tables: lists none, so writes \(add, remove\) move with the serve flag/,
    ),
  ]);
});

test('with tables the owner takes the writes, and reads alone move no data', () => {
  expect(notesOf([LIST, ADD], [{ from: 'note', to: 'note' }])).toEqual([]);
  expect(notesOf([LIST])).toEqual([]);
  expect(notesOf([LIST, { ...ADD, kind: 'read' }])).toEqual([]);
});
