/** Finds regular expressions of routes that are malformed, or that some text could make run for long. */
import type { ConfigProblem, FicusConfig, RouteConditions } from '@ficus/core';
import { patternProblem } from './conditions/linear-pattern.ts';
import { expressionProblem } from './parameter-expressions.ts';

type Step = string | number;

/** Problems of every route and `writtenBy` entry. */
export function checkPatterns(config: FicusConfig): ConfigProblem[] {
  return Object.entries(config.slices).flatMap(([slice, { routes, writtenBy }]) =>
    Object.entries({ routes, writtenBy }).flatMap(([list, entries]) =>
      entries.flatMap((entry, position) => problemsOf(entry, ['slices', slice, list, position])),
    ),
  );
}

function problemsOf(
  entry: RouteConditions & { readonly path: string },
  at: readonly Step[],
): ConfigProblem[] {
  const { path, headers = {}, query = {}, cookies = {} } = entry;
  const ofPath = expressionProblem(path);
  const ofValues = Object.entries({ headers, query, cookies }).flatMap(([kind, written]) =>
    Object.entries(written).flatMap(([name, match]) => {
      const message = typeof match === 'object' && 'regex' in match ? patternProblem(match.regex) : undefined;
      return message === undefined ? [] : [{ path: [...at, kind, name, 'regex'], message }];
    }),
  );
  return ofPath === undefined ? ofValues : [{ path: [...at, 'path'], message: ofPath }, ...ofValues];
}
