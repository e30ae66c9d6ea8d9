/** `${NAME}` and `${NAME:-default}` in the strings of a config, from the environment. */
import type { ConfigProblem } from './config-problem.ts';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Replaces references in all strings of a parsed document; an unset name without a default is a problem. */
export function interpolate(
  document: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  problems: ConfigProblem[],
  path: readonly (string | number)[] = [],
): unknown {
  if (typeof document === 'string') {
    return document.replace(REFERENCE, (_, name: string, fallback: string | undefined) => {
      // As in a shell, `:-` covers both unset and empty.
      const value = environment[name];
      if (value) return value;
      if (fallback !== undefined) return fallback;
      if (value === undefined)
        problems.push({ path, message: `the environment variable ${name} is not set` });
      return '';
    });
  }
  if (Array.isArray(document)) {
    return document.map((item, index) => interpolate(item, environment, problems, [...path, index]));
  }
  if (document !== null && typeof document === 'object') {
    return Object.fromEntries(
      Object.entries(document).map(([key, value]) => [
        key,
        interpolate(value, environment, problems, [...path, key]),
      ]),
    );
  }
  return document;
}
