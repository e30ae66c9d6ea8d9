/**
 * find-my-way for canonical paths: what is stored under the pattern that a method and path match. Static segments come
 * before parameters, parameters before wildcards. A parameter is never empty: `/items/` is the list, not an item without
 * a name. find-my-way would take it as one, so patterns are entered with that in mind:
 *
 * - a parameter beside other text in its segment (`/:name.json`) gets an expression that needs a character;
 * - a parameter that is the whole last segment can be empty only when the path ends in a slash, so such paths are
 *   looked up among the other patterns alone.
 */
import type { PathComparison } from '@ficus/core';
import findMyWay from 'find-my-way';

type Router = ReturnType<typeof findMyWay>;
type Method = Parameters<Router['find']>[0];
/** A way to tell routes of one pattern apart (find-my-way's constraints). */
type Strategy = NonNullable<NonNullable<Parameters<typeof findMyWay>[0]>['constraints']>[string];

const SLASH = 47;
const LAST_PARAMETER = /\/:(?!:)[^/:(.-]*$/;

export class PathRouter<Stored extends object | true> {
  readonly #all: Router;
  /** Without the patterns that end in a parameter. */
  readonly #forSlash: Router;
  readonly #paths: PathComparison;

  /** @param conditions values under the constraint `conditions` */
  constructor(paths: PathComparison, conditions?: Strategy) {
    this.#paths = paths;
    this.#all = makeRouter(paths, conditions);
    this.#forSlash = makeRouter(paths, conditions);
  }

  /** @throws Error when find-my-way does not take the pattern, or has it already */
  add(method: string, pattern: string, stored: Stored, options: Parameters<Router['on']>[2] = {}): void {
    const canonical = canonicalPattern(pattern, this.#paths);
    const on = (router: Router): void => router.on(method as Method, canonical, options, () => {}, stored);
    on(this.#all);
    if (!LAST_PARAMETER.test(canonical)) on(this.#forSlash);
  }

  /** @param path canonical path */
  find(method: string, path: string, constraints?: Record<string, unknown>): Stored | undefined {
    if (path.charCodeAt(path.length - 1) !== SLASH)
      return findIn<Stored>(this.#all, method, path, constraints);
    if (this.#paths.ignoreTrailingSlash && path !== '/') {
      const found = findIn<Stored>(this.#all, method, path.slice(0, -1), constraints);
      if (found !== undefined) return found;
    }
    return findIn<Stored>(this.#forSlash, method, path, constraints);
  }
}

function makeRouter({ ignoreCase }: PathComparison, conditions: Strategy | undefined): Router {
  return findMyWay({
    caseSensitive: !ignoreCase,
    // A longer parameter would silently not match; the target's length is limited when it arrives.
    maxParamLength: 1_000_000,
    ...(conditions && { constraints: { conditions } }),
  });
}

function findIn<Stored>(
  router: Router,
  method: string,
  path: string,
  constraints: Record<string, unknown> | undefined,
): Stored | undefined {
  const found = router.find(method as Method, literalPath(path), constraints);
  return found === null ? undefined : (found.store as Stored);
}

/** A path is already canonical: remaining escapes are intended and must not be decoded by the router. */
function literalPath(path: string): string {
  return path.includes('%') ? path.replaceAll('%', '%25') : path;
}

function canonicalPattern(pattern: string, { ignoreTrailingSlash }: PathComparison): string {
  const bare = ignoreTrailingSlash && pattern !== '/' ? pattern.replace(/\/$/, '') : pattern;
  // A pattern may be written with letters that arrive escaped: `/café`.
  return needCharacters(bare.replace(/[^\x21-\x7e]+/g, encodeURIComponent));
}

/** A doubled colon (text), a parameter's name, or any other character. */
const TOKEN = /::|:[^/(.-]*|[\s\S]/g;

/** Gives each parameter that shares its segment an expression: find-my-way's own, but for at least one character. */
function needCharacters(pattern: string): string {
  let made = '';
  /** Text since the last parameter of the segment. */
  let text = '';
  /** The segment's last parameter may take the text that follows it. */
  let isOpen = false;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(pattern); token !== null; token = TOKEN.exec(pattern)) {
    const [part] = token;
    const after = token.index + part.length;
    if (part === '/') isOpen = false;
    if (part === '/' || part === '::' || part[0] !== ':') {
      text = part === '/' ? '' : text + part.slice(-1);
      made += part;
      continue;
    }
    const own = pattern[after] === '(' ? pattern.slice(after, endOfExpression(pattern, after)) : '';
    TOKEN.lastIndex = after + own.length;
    const isSegment = made.endsWith('/') && /^(?:\/|$)/.test(pattern.slice(after));
    made += part + (own || isSegment ? own : atLeastOne(isOpen ? text : undefined));
    isOpen = own === '';
    text = '';
  }
  return made;
}

/** @param separator ends the parameter before, which must not take it */
function atLeastOne(separator: string | undefined): string {
  if (separator === undefined) return '(.+?)';
  const literal = separator.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&');
  return `(${literal}|(?:(?!${literal}).)+)`;
}

/** Just behind the parenthesis that closes the one at `start`. */
function endOfExpression(pattern: string, start: number): number {
  let depth = 0;
  for (let at = start; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === '(') depth += 1;
    else if (pattern[at] === ')') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return pattern.length;
}
