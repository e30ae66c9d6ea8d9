/** Which statements of the model no search has reached: a protocol that cannot do anything breaks no invariant. Pure. */
import type { Defines } from './configurations.ts';
import type { ModelText } from './model-text.ts';
import type { Statement } from './verdict.ts';

export interface Reached {
  readonly defines: Defines;
  readonly unreached: readonly Statement[];
}

/** The checks themselves, and the ends of processes that serve for ever. */
const isToBeUnreached = ({ text }: Statement) => /^assert\(I\d_/.test(text) || text === '-end-';

/** `file:line: statement` of each that every search in which it is compiled leaves out. */
export function unreachedByAll({ text, places }: ModelText, searches: readonly Reached[]): string[] {
  const compiled = searches.map(({ defines }) => compiledLines(text, defines));
  const names = searches.map(({ unreached }) => new Set(unreached.map(nameOf)));
  const candidates = searches.flatMap(({ unreached }) => unreached).filter((one) => !isToBeUnreached(one));
  const left = candidates.filter((one) =>
    searches.every((_, at) => !compiled[at]!.has(one.line) || names[at]!.has(nameOf(one))),
  );
  return [...new Set(left.map((one) => `${places[one.line - 1]}: ${one.text}`))];
}

const nameOf = ({ line, text }: Statement) => `${line}: ${text}`;

/** Numbers of the lines that the preprocessor leaves, of a model with `#ifdef`, `#ifndef`, `#if defined(X) && !defined(Y)`. */
export function compiledLines(model: string, defines: Defines): ReadonlySet<number> {
  const defined = new Set(defines.map((define) => define.split('=')[0]!));
  const blocks: boolean[] = [];
  const lines = new Set<number>();
  for (const [at, line] of model.split('\n').entries()) {
    const [, directive, condition = ''] = /^#(ifdef|ifndef|if|else|endif)\b\s*(.*)$/.exec(line) ?? [];
    if (directive === 'endif') blocks.pop();
    else if (directive === 'else') blocks.push(!blocks.pop());
    else if (directive !== undefined) blocks.push(isTrue(directive, condition.trim(), defined));
    else if (!blocks.includes(false)) lines.add(at + 1);
  }
  return lines;
}

function isTrue(directive: string, condition: string, defined: ReadonlySet<string>): boolean {
  if (directive === 'ifdef') return defined.has(condition);
  if (directive === 'ifndef') return !defined.has(condition);
  return condition.split('&&').every((term) => {
    const [, not, name] = /^(!?)defined\((\w+)\)$/.exec(term.trim()) ?? [];
    if (name === undefined) throw new Error(`A condition that this cannot read: ${condition}`);
    return defined.has(name) === (not === '');
  });
}
