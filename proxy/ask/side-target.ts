/** The request target as a side gets it: the same for a live request, its copy, and the same request asked again. */
import { hasDotSegment } from '../wire/canonical-path.ts';

interface TargetRewrite {
  /** `undefined` keeps the target as it came. */
  target(target: string, canonical: string): string | undefined;
}

/**
 * Target for an upstream; undefined keeps it as it came, byte for byte.
 * @param rewrite of the route, when it applies to this side
 * @param canonical the target's canonical path
 */
export function targetForSide(
  basePath: string,
  rewrite: TargetRewrite | undefined,
  target: string,
  canonical: string,
): string | undefined {
  const rewritten = rewrite?.target(target, canonical);
  if (rewritten !== undefined || basePath === '') return rewritten;
  // Behind a base path, a path with `..` would leave it.
  const queryAt = target.indexOf('?');
  if (!hasDotSegment(queryAt === -1 ? target : target.slice(0, queryAt))) return undefined;
  return queryAt === -1 ? canonical : canonical + target.slice(queryAt);
}
