/** Why no route takes a request: method, path or condition; and which routes come near. */
import { type NoRouteCause, noRouteCauses, type PathComparison } from '@ficus/core';
import type { MatchedRoute } from '../match/route-table.ts';
import type { RequestState } from '../request/request-state.ts';
import type { LiveSnapshot } from '../snapshot/live-snapshot.ts';
import { type MatchExplanation, takesRequest } from './explain-match.ts';
import type { NoRoute } from './explanation.ts';
import { mayTakePath } from './may-take-path.ts';

/** Patterns that are compiled in one turn of the event loop: each takes a quarter of a millisecond. */
const EACH_TURN = 4;
/** More routes of one place than this are not looked at. */
const MOST_NEAR = 400;
const MOST_SHOWN = 5;

/**
 * Routes that take the path, whatever their conditions say. Lets requests pass meanwhile.
 * @param methodFor the method that a route has to take
 * @param paths how paths are compared; the config's by default
 */
export async function routesNear(
  { table, config }: LiveSnapshot,
  path: string,
  methodFor: (route: MatchedRoute) => string,
  paths: PathComparison = config.legacy.paths,
): Promise<MatchedRoute[]> {
  const near = table.routes.filter(({ route }) => mayTakePath(route.path, path)).slice(0, MOST_NEAR);
  const found: MatchedRoute[] = [];
  for (const [at, route] of near.entries()) {
    if (at % EACH_TURN === EACH_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
    if (takesRequest({ legacy: { paths } }, route, methodFor(route), path)) found.push(route);
  }
  return found;
}

export async function explainNoRoute(
  { snapshot, head }: RequestState,
  match: MatchExplanation,
): Promise<NoRoute> {
  const missed = match.kind === 'no-route' ? match.missed : [];
  if (missed.length > 0)
    return words(
      'condition-unmet',
      missed.map(
        ({ slice, route, pattern, unmet }) =>
          `${slice} / ${route} (${pattern}), unless ${unmet.join(' and ')}`,
      ),
    );
  const others = await routesNear(snapshot, head.path, anyMethod);
  if (others.length > 0) return words('method-not-listed', others.map(nameOf));
  const otherwise = await routesSpelledOtherwise(snapshot, head.path);
  return words(otherwise.length > 0 ? 'path-spelled-otherwise' : 'path-not-listed', otherwise);
}

const anyMethod = ({ route }: MatchedRoute): string => route.methods[0]!;

const nameOf = ({ slice, route }: MatchedRoute): string =>
  `${slice} / ${route.id} (${route.methods.join(', ')} ${route.path})`;

/** Routes that would take the path if case, or a slash at its end, made no difference; each with what it needs. */
async function routesSpelledOtherwise(snapshot: LiveSnapshot, path: string): Promise<string[]> {
  const { paths } = snapshot.config.legacy;
  const loosest = { ...paths, ignoreCase: true, ignoreTrailingSlash: true };
  const found = await routesNear(snapshot, path, anyMethod, loosest);
  return found.slice(0, MOST_SHOWN).map((route) => {
    const keys = (['ignoreCase', 'ignoreTrailingSlash'] as const).filter((key) => {
      const without = { ...loosest, [key]: paths[key] };
      return !takesRequest({ legacy: { paths: without } }, route, anyMethod(route), path);
    });
    return `${nameOf(route)}, with ${keys.map((key) => `legacy.paths.${key}`).join(' and ')}`;
  });
}

function words(cause: NoRouteCause, near: readonly string[]): NoRoute {
  return { cause, ...noRouteCauses[cause], near: near.slice(0, MOST_SHOWN) };
}
