/**
 * A request's target as a sample shows it. Segments that the route's pattern spells out are shown; its parameters are keys
 * of people's things, and all values of the query may be anything.
 */
import type { KeptValues } from './kept-values.ts';

const MOST_PAIRS = 30;
const MOST_SEGMENTS = 60;

/** A piece of a target: text that is shown, or a value with the name that the config or the client gives it. */
export type TargetPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path' | 'query'; readonly name: string; readonly value: string };

/** What is beyond the bounds is one value. @param pattern the route's path in the config */
export function targetPieces(target: string, pattern: string, kept: KeptValues): TargetPiece[] {
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  const pieces = pathPieces(path, pattern);
  if (question >= 0)
    pieces.push({ kind: 'text', text: '?' }, ...queryPieces(target.slice(question + 1), kept));
  return pieces.map((piece) =>
    piece.kind !== 'text' && kept.shows({ area: piece.kind, name: piece.name })
      ? { kind: 'text', text: piece.value }
      : piece,
  );
}

/** `/api/notes/‹71›?page=‹4›` */
export function showTarget(pieces: readonly TargetPiece[], kept: KeptValues): string {
  return pieces.map((piece) => (piece.kind === 'text' ? piece.text : kept.standIns.of(piece.value))).join('');
}

function pathPieces(path: string, pattern: string): TargetPiece[] {
  const [segments, wanted] = [path.split('/'), pattern.split('/')];
  const pieces: TargetPiece[] = [];
  for (const [at, segment] of segments.entries()) {
    if (at > 0) pieces.push({ kind: 'text', text: '/' });
    const written = wanted[at];
    if (at === MOST_SEGMENTS || written === '*' || (written === undefined && wanted.at(-1)?.includes('*'))) {
      pieces.push({ kind: 'path', name: 'rest', value: segments.slice(at).join('/') });
      break;
    }
    if (segment === written || segment === '') pieces.push({ kind: 'text', text: segment });
    else pieces.push({ kind: 'path', name: parameterName(written) ?? `segment${at}`, value: segment });
  }
  return pieces;
}

function parameterName(written: string | undefined): string | undefined {
  return written === undefined ? undefined : /:([A-Za-z]\w{0,40})/.exec(written)?.[1];
}

function queryPieces(query: string, kept: KeptValues): TargetPiece[] {
  const pairs = query.split('&');
  return pairs.slice(0, MOST_PAIRS + 1).flatMap((pair, at): TargetPiece[] => {
    const before: TargetPiece[] = at === 0 ? [] : [{ kind: 'text', text: '&' }];
    if (at === MOST_PAIRS)
      return [...before, { kind: 'query', name: 'rest', value: pairs.slice(at).join('&') }];
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    // Where the name itself may be data, the whole pair is a value.
    if (kept.name(name) !== name) return [...before, { kind: 'query', name: `pair${at + 1}`, value: pair }];
    if (equals < 0) return [...before, { kind: 'text', text: pair }];
    return [
      ...before,
      { kind: 'text', text: `${name}=` },
      { kind: 'query', name, value: pair.slice(equals + 1) },
    ];
  });
}
