/**
 * Step 2 for a path that servers read in different ways: it is served as it came where every reading leads to the same
 * route, or to none. Otherwise it is refused: one side would take it for a path that the other side owns.
 */
import type { FicusConfig } from '@ficus/core';
import type { AmbiguousPath } from '../wire/ambiguous-path.ts';
import type { RequestFacts } from './conditions/condition.ts';
import type { ForeignWrites } from './foreign-writes.ts';
import type { MatchedRoute, RouteTable } from './route-table.ts';

interface Routes {
  readonly config: FicusConfig;
  readonly table: RouteTable;
  readonly foreignWrites: ForeignWrites | undefined;
}

interface AgreedMatch {
  readonly matched: MatchedRoute | undefined;
  /** Slices whose tables the request writes in some reading. */
  readonly written: readonly string[];
}

export function matchAmbiguous(
  { config, table, foreignWrites }: Routes,
  method: string,
  path: AmbiguousPath,
  facts: RequestFacts,
): AgreedMatch | 'disputed' {
  const isUnguarded = table.routes.length === 0 && (foreignWrites?.isEmpty ?? true);
  if (isUnguarded && !path.mayClimb) return UNROUTED;
  if (path.isLong && !isUnguarded) return 'disputed';
  const readers = path.hasFragment ? [facts, withoutQuery(facts)] : [facts];
  const everyReading = <Found>(find: (reading: string, read: RequestFacts) => Found): Found[] =>
    readers.flatMap((read) => path.readings.map((reading) => find(reading, read)));
  const found = new Set(everyReading((reading, read) => table.find(method, reading, read)));
  const [matched] = found;
  if (found.size > 1 || (path.mayClimb && goesBehindPrefix(config, matched))) return 'disputed';
  const written =
    foreignWrites && everyReading((reading, read) => foreignWrites.find(method, reading, read)).flat();
  return { matched, written: [...new Set(written)] };
}

const UNROUTED: AgreedMatch = { matched: undefined, written: [] };

/** A server that ends the target at `#` sees no query behind it. */
function withoutQuery({ host, rawHeaders, cookie, announced, clientAddress }: RequestFacts): RequestFacts {
  return { host, rawHeaders, cookie, announced, clientAddress, query: new URLSearchParams() };
}

/** Whether a side gets the path behind a prefix, which a dot segment would leave. */
function goesBehindPrefix({ legacy, slices }: FicusConfig, matched: MatchedRoute | undefined): boolean {
  const { stripPrefix, addPrefix } = matched?.route.rewrite ?? {};
  const urls = matched ? [legacy.url, slices[matched.slice]!.candidate.url] : [legacy.url];
  return !!stripPrefix || !!addPrefix || urls.some((url) => new URL(url).pathname !== '/');
}
