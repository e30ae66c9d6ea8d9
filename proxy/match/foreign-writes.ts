/**
 * Requests that write a slice's tables though they match none of its routes (`slices.NAME.writtenBy`): an order that
 * creates a notification through a trigger. Their callers are pinned in that slice as if they had written there.
 */
import type { ConfigProblem, FicusConfig, ForeignWriteConfig } from '@ficus/core';
import { compileConditions } from './conditions/compile-conditions.ts';
import type { RequestFacts } from './conditions/condition.ts';
import { buildTable, type MatchedRoute, type RouteTable } from './route-table.ts';

const NOTHING: readonly string[] = [];

export class ForeignWrites {
  readonly #tables: readonly (readonly [slice: string, table: RouteTable])[];
  readonly #methods: ReadonlySet<string>;

  constructor(config: FicusConfig) {
    const written = slicesWritten(config);
    this.#tables = written.map(([slice, list]) => [
      slice,
      buildTable(toRoutes(slice, list), config.legacy.paths, []),
    ]);
    this.#methods = new Set(written.flatMap(([, list]) => list.flatMap(({ methods }) => methods)));
  }

  /** No slice is written from outside. */
  get isEmpty(): boolean {
    return this.#tables.length === 0;
  }

  /** Names of the slices whose tables the request writes. @param path canonical path */
  find(method: string, path: string, facts: RequestFacts): readonly string[] {
    if (!this.#methods.has(method)) return NOTHING;
    return this.#tables.flatMap(([slice, table]) => (table.find(method, path, facts) ? slice : []));
  }
}

/** Problems with patterns that only the router can see. */
export function checkForeignWrites(config: FicusConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [slice, list] of slicesWritten(config))
    buildTable(toRoutes(slice, list), config.legacy.paths, problems);
  return [...new Map(problems.map((problem) => [problem.path.join('.'), problem])).values()];
}

function slicesWritten(config: FicusConfig): [string, readonly ForeignWriteConfig[]][] {
  return Object.entries(config.slices).flatMap(([name, { writtenBy }]) =>
    writtenBy.length === 0 ? [] : [[name, writtenBy]],
  );
}

function toRoutes(slice: string, list: readonly ForeignWriteConfig[]): MatchedRoute[] {
  return list.map((written, position) => {
    const route = { ...written, id: `writtenBy[${position}]`, kind: 'write' as const, confirm: false };
    const conditions = compileConditions(route);
    return { slice, route, position, list: 'writtenBy' as const, index: position, conditions };
  });
}
