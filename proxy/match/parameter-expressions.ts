/**
 * Expressions of path parameters (`/items/:id(^\\d+$)`). find-my-way runs them with JavaScript's engine, which backtracks,
 * over paths that strangers choose. Accepted are those that cannot backtrack far: characters and classes in a row, of
 * which one in a segment is repeated without a fixed count; or a choice of plain words.
 */

const CLASS = String.raw`\[\^?(?:\\.|[^\]\\])+\]`;
const ATOM = String.raw`(?:\\[dwsDWS]|\\[^A-Za-z0-9]|${CLASS}|\.|[^\\^$.*+?()[\]{}|])`;
const FIXED = String.raw`(?:${ATOM}(?:\{\d{1,3}\})?)*`;
const FIXED_ONLY = new RegExp(String.raw`^\^?${FIXED}\$?$`);
const ONE_OPEN = new RegExp(String.raw`^\^?${FIXED}${ATOM}(?:[*+?]|\{\d{1,3},\d{0,3}\})${FIXED}\$?$`);
const WORDS = /^\^?[\w-]+(?:\|[\w-]+)*\$?$/;

const OPEN = '\u0000';
const CLOSED = '\u0001';

const PROBLEM =
  'has an expression that may take long on some paths. Possible are characters and classes in a row, one of them in a segment repeated (\\d+, v[0-9]{1,3}), or words (a|b)';

/** What is wrong with the pattern's expressions, for `ficus check`. */
export function expressionProblem(pattern: string): string | undefined {
  const marked = pattern.replace(/\(((?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\()[])*)\)/g, (_, source: string) =>
    mark(source),
  );
  if (marked === pattern) return pattern.includes('(') ? PROBLEM : undefined;
  return marked.includes('(') || marked.split('/').some(mayBacktrack) ? PROBLEM : undefined;
}

function mark(source: string): string {
  if (FIXED_ONLY.test(source) || WORDS.test(source)) return CLOSED;
  return ONE_OPEN.test(source) ? OPEN : '(';
}

/** A parameter without an expression is open as well. */
function mayBacktrack(segment: string): boolean {
  if (!segment.includes(OPEN)) return false;
  const parameters = segment.split(/(?<!:):(?!:)/).slice(1);
  return parameters.filter((parameter) => !parameter.includes(CLOSED)).length > 1;
}
