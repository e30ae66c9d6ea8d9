/**
 * The lines of a command, without its notes to operators: a cutover has several, long ones, which concern a real
 * migration and not what the demo shows. That they are left out is said. Pure.
 */
import { stripVTControlCharacters } from 'node:util';

export interface Folded {
  line(text: string): void;
  /** After the last line. */
  end(): void;
}

const NOTE = /^ {2}! /;
/** What the cutover itself has found. */
const OWN = /^ {2}! After the release/;

export function foldNotes(say: (line: string) => void): Folded {
  let folded = 0;
  return {
    line(text) {
      const plain = stripVTControlCharacters(text);
      if (NOTE.test(plain) && !OWN.test(plain)) folded += 1;
      else if (plain.trim() !== '') say(text);
    },
    end() {
      if (folded > 0)
        say(`  ! ${folded} notes for operators, left out here (docs/operations/before-a-cutover.md)`);
    },
  };
}
