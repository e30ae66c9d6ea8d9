/** Prints the notes of `ficus init` on standard error as they come, one line each, and keeps them for --json. */
import { printable } from '@ficus/core';
import type { Note, Say } from '../init/probe/note.ts';
import { paint } from './paint.ts';
import { printError } from './terminal.ts';

export interface NoteTeller {
  readonly notes: readonly Note[];
  readonly say: Say;
}

/** @param quiet keeps them only */
export function noteTeller(quiet: boolean): NoteTeller {
  const notes: Note[] = [];
  return {
    notes,
    say(note) {
      notes.push(note);
      if (quiet) return;
      const [colour, mark] = note.kind === 'found' ? (['green', '✓'] as const) : (['yellow', '!'] as const);
      printError(`${paint(colour, mark, process.stderr)} ${printable(note.text)}\n`);
    },
  };
}
