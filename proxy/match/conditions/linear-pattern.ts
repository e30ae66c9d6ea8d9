/**
 * Regular expressions of a config, which run over what strangers send. They are RE2's: one pass over the text, so that
 * no text can hold a worker up (docs/adr/0017-patterns-run-in-linear-time.md). Compiled with the routes, and when a
 * config is checked.
 */
import { RE2JS, RE2JSException } from 're2js';

/** Each character costs at most one visit to each instruction. `[ab]{1,30}` has 60 of them, a list of 50 names about 400. */
const MAX_INSTRUCTIONS = 500;

/** Whether the whole value matches. @throws RangeError that says what is wrong with the expression */
export function compilePatternTest(source: string): (value: string) => boolean {
  const compiled = compile(source);
  return (value) => compiled.testExact(value);
}

/** What is wrong with the expression, for `ficus check`. */
export function patternProblem(source: string): string | undefined {
  try {
    compile(source);
    return undefined;
  } catch (error) {
    return (error as RangeError).message;
  }
}

function compile(source: string): RE2JS {
  const compiled = parse(source);
  const size = compiled.programSize();
  if (size <= MAX_INSTRUCTIONS) return compiled;
  throw new RangeError(
    `is too large to run for each request (${size} steps, at most ${MAX_INSTRUCTIONS}): lower its repetition counts, or split it over several routes`,
  );
}

function parse(source: string): RE2JS {
  try {
    if (backtracks(source)) throw new RangeError(BACKTRACKS);
    // JavaScript's spellings of what RE2 has too: \uXXXX, \cX, [^], (?<name>…).
    return RE2JS.compile(RE2JS.translateRegExp(source));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const why = error.message.replace(/^error parsing regexp: /, '');
    throw new RangeError(`must be a regular expression in RE2 syntax: ${why}`);
  }
}

const BACKTRACKS =
  'must run in linear time: lookahead, lookbehind and back-references are not supported; use several routes, the one with more conditions wins';

function backtracks(source: string): boolean {
  // What follows an escaped backslash is not escaped; inside a class these are plain characters.
  const bare = source.replace(/\\\\|\[(?:\\.|[^\]\\])*\]/g, '');
  return /\(\?<?[=!]|\\[1-9]|\\k</.test(bare);
}
