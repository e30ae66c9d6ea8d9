/** All kinds of conditions, by their key in the config. A key of the schema without a kind does not compile. */
import type { RouteConditions } from '@ficus/core';
import { compileClientAddress } from './client-address.ts';
import type { CompileCondition, Condition } from './condition.ts';
import { compileCookies } from './cookies.ts';
import { compileHeaders } from './headers.ts';
import { compileHost } from './host.ts';
import { compileQuery } from './query.ts';

type Kinds = {
  readonly [Key in keyof RouteConditions]-?: CompileCondition<NonNullable<RouteConditions[Key]>>;
};

/** In the order in which they are checked: the cheap ones first. */
const KINDS: Kinds = {
  host: compileHost,
  headers: compileHeaders,
  query: compileQuery,
  cookies: compileCookies,
  clientAddress: compileClientAddress,
};

/** All conditions of a route; an empty list always holds. */
export function compileConditions(route: RouteConditions): Condition[] {
  return Object.entries(KINDS).flatMap(([key, compile]) => {
    const written = route[key as keyof Kinds];
    return written === undefined ? [] : (compile as CompileCondition<unknown>)(written);
  });
}
