/** Places of an exchange, and the way in which `parity.ignore` and `parity.samples.allow` name them. */
import { type JsonStep, type PatternStep, parseJsonPattern, patternCovers } from './json-path.ts';

/** Where two responses differ, or where a value of the request stands. */
export type Place =
  | { readonly area: 'status' }
  | { readonly area: 'header'; readonly name: string; readonly part?: string | undefined }
  | { readonly area: 'body' }
  | {
      readonly area: 'json';
      readonly steps: readonly JsonStep[];
      /** Positions of the steps that are keys of a map, which are data; asked only when the place is shown. */
      readonly keysOfMaps?: () => ReadonlySet<number>;
    }
  /** A parameter of the request's query, or of its path. */
  | { readonly area: 'query' | 'path'; readonly name: string };

/** Whether a path of the config names a place, or one above it. */
export function placeTest(path: string): (place: Place) => boolean {
  if (path === 'body') return (place) => place.area === 'body' || place.area === 'json';
  const [, area, name = ''] = /^(header|query|path)\.(.+)$/i.exec(path) ?? [];
  if (area?.toLowerCase() === 'header')
    return (place) => place.area === 'header' && coversHeader(name.toLowerCase(), place);
  if (area !== undefined)
    return (place) => (place.area === 'query' || place.area === 'path') && isParameter(place, area, name);
  const pattern: readonly PatternStep[] | undefined = parseJsonPattern(path);
  if (pattern === undefined) return () => false;
  return (place) => place.area === 'json' && patternCovers(pattern, place.steps);
}

function isParameter(place: { area: string; name: string }, area: string, name: string): boolean {
  return place.area === area.toLowerCase() && place.name === name;
}

/** `header.set-cookie` names all cookies, `header.set-cookie.sid` one of them. */
function coversHeader(wanted: string, place: Extract<Place, { area: 'header' }>): boolean {
  const full = place.part === undefined ? place.name : `${place.name}.${place.part.toLowerCase()}`;
  return full === wanted || full.startsWith(`${wanted}.`);
}
