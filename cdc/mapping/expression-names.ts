/**
 * Finds the names in a piece of SQL without parsing it: skips strings and comments and takes every remaining
 * identifier. May find too many names, never too few: callers use it for "which columns might this read" and "which
 * functions might this call".
 */

interface ExpressionNames {
  /** As PostgreSQL looks them up: folded to lower case unless quoted. */
  readonly identifiers: ReadonlySet<string>;
  /** Names followed by an opening parenthesis. */
  readonly functions: ReadonlySet<string>;
}

const TOKEN =
  /'(?:[^']|'')*'|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/g;

export function findNames(sql: string): ExpressionNames {
  const identifiers = new Set<string>();
  const functions = new Set<string>();
  for (const match of sql.matchAll(TOKEN)) {
    const name = match[2]?.replaceAll('""', '"') ?? match[3]?.toLowerCase();
    if (name === undefined) continue;
    identifiers.add(name);
    if (/^\s*\(/.test(sql.slice(match.index + match[0].length))) functions.add(name);
  }
  return { identifiers, functions };
}

// Constant within a transaction but not in the next: the verifier would see another value.
const MOMENT_OF_NOW = new Set([
  'now',
  'current_timestamp',
  'current_date',
  'current_time',
  'localtime',
  'localtimestamp',
  'transaction_timestamp',
  'statement_timestamp',
  'current_user',
  'session_user',
  'current_role',
]);

/** Names in the expression whose result changes from call to call. */
export function findUnstableNames(sql: string, volatileFunctions: ReadonlySet<string>): string[] {
  const names = findNames(sql);
  return [
    ...[...names.functions].filter((name) => volatileFunctions.has(name)),
    ...[...names.identifiers].filter((name) => MOMENT_OF_NOW.has(name)),
  ];
}
