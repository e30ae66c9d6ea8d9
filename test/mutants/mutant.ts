/**
 * One planted mistake in the real source: what it changes, what it does wrong, and the tests that must fail for it. Texts
 * are sought as they stand in the file, each must occur once: a refactor that moves one is noticed at once, by a unit test.
 */
export interface Mutant {
  readonly name: string;
  /** What it does wrong, in a sentence. */
  readonly effect: string;
  /** Path in the repository. */
  readonly file: string;
  readonly edits: readonly Edit[];
  /** Each must fail, by an assertion of its own. */
  readonly caughtBy: readonly NamedTest[];
}

interface Edit {
  readonly find: string;
  readonly replace: string;
}

export interface NamedTest {
  readonly file: string;
  /** Whole name; those of its suites before it, joined by ` > `. */
  readonly test: string;
}

/** @throws Error when a text does not occur exactly once, or nothing changes */
export function applyMutant({ name, file, edits }: Mutant, source: string): string {
  let text = source;
  for (const { find, replace } of edits) {
    const parts = text.split(find);
    if (parts.length !== 2)
      throw new Error(
        `mutant ${name}: its text occurs ${parts.length - 1} times in ${file}, not once: ${find.trim().split('\n')[0]}`,
      );
    text = parts.join(replace);
  }
  if (text === source) throw new Error(`mutant ${name} changes nothing in ${file}`);
  return text;
}
