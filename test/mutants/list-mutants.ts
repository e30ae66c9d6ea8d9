/** The table of mutants, as `--list` prints it and docs/architecture/cutover-model.md has it. */
import type { Mutant } from './mutant.ts';

export function listMutants(mutants: readonly Mutant[]): string {
  const rows = mutants.map(({ name, effect, caughtBy }) => {
    const files = [...new Set(caughtBy.map(({ file }) => `\`${file}\``))];
    return `| ${name} | ${effect} | ${files.join(', ')} |\n`;
  });
  return `| mutant | what it does wrong | caught by |\n| --- | --- | --- |\n${rows.join('')}`;
}
