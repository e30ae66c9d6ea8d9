/**
 * From a parsed YAML document to a config, or to the list of all its problems. Pure: the caller reads and watches the
 * file.
 */
import type { z } from 'zod';
import { type ConfigProblem, formatPath } from './config-problem.ts';
import { configSchema, type FicusConfig } from './config-schema.ts';
import { interpolate } from './interpolate.ts';
import { checkJoins } from './join-rules.ts';

export type ParsedConfig =
  | { readonly ok: true; readonly config: FicusConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Validates a whole config and collects every problem, not only the first.
 * @param document the YAML parser's result for ficus.yaml
 * @param environment where `${NAME}` is looked up
 */
export function parseConfig(
  document: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): ParsedConfig {
  const unset: ConfigProblem[] = [];
  const filled = interpolate(document, environment, unset);
  const parsed = configSchema.safeParse(filled);
  const shape = parsed.success ? [] : parsed.error.issues.flatMap(toProblems);
  // A value that could not be filled in already has its own problem; one problem per path is enough.
  const problems = firstOfEachPath([...unset, ...shape, ...checkJoins(filled)]);
  return parsed.success && problems.length === 0
    ? { ok: true, config: parsed.data }
    : { ok: false, problems };
}

function firstOfEachPath(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const byPath = new Map<string, ConfigProblem>();
  for (const problem of problems) {
    const key = formatPath(problem.path);
    if (!byPath.has(key)) byPath.set(key, problem);
  }
  return [...byPath.values()];
}

function toProblems(issue: z.core.$ZodIssue): ConfigProblem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: describeUnknownKey(key) }));
  }
  if (issue.code === 'invalid_type') return [{ path, message: describeType(issue) }];
  if (issue.code === 'invalid_union' && !isOwnMessage(issue))
    return [{ path, message: 'has none of the allowed shapes (see docs/config.md)' }];
  if (issue.code === 'invalid_key')
    return [{ path, message: issue.issues[0]?.message ?? 'is not an allowed name' }];
  return [{ path, message: isOwnMessage(issue) ? issue.message : describeIssue(issue) }];
}

/** No key of ours has a space: it is the rest of a text. */
const describeUnknownKey = (key: string): string =>
  key.includes(' ') ? 'is not a known key: in { … } a text with a comma needs quotes' : 'is not a known key';

/** A schema's own message says more than the general one. */
const isOwnMessage = ({ message }: z.core.$ZodIssue) =>
  !/^(Too (small|big)|Invalid (input|option))\b/.test(message);

function describeIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty';
      return `must ${amountOf(issue)}${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unitOf(issue)}`;
    case 'too_big':
      return `must ${amountOf(issue)}${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unitOf(issue)}`;
    default:
      return issue.message;
  }
}

const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' };
const unitOf = ({ origin }: { origin: string }) => UNITS[origin] ?? '';
const amountOf = ({ origin }: { origin: string }) => (origin in UNITS ? 'have ' : 'be ');

/** YAML's terms in place of JavaScript's. */
const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  int: 'a whole number',
  object: 'a map',
  record: 'a map',
};

function describeType(issue: z.core.$ZodIssueInvalidType): string {
  if (issue.input === undefined && /undefined$/.test(issue.message)) return `is required (${issue.expected})`;
  return `must be ${KINDS[issue.expected] ?? `a ${issue.expected}`}`;
}
