/** A path's canonical escapes and segments; the rules are at the head of canonical-path.ts. */

const ESCAPE = /%([0-9A-Fa-f]{2})?|[^\x21-\x7e]|[\\#?]/g;
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/** @param path raw; a `?` in it is no separator, and bytes are written as characters up to U+00FF */
export function resolveSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.replace(ESCAPE, spell).split('/');
  let endsInSlash = false;
  for (let index = 1; index < segments.length; index += 1) {
    const raw = segments[index]!;
    const parametersAt = raw.indexOf(';');
    const segment = parametersAt === -1 ? raw : raw.slice(0, parametersAt);
    endsInSlash = segment === '' || segment === '.' || segment === '..';
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else kept.push(segment);
  }
  const joined = `/${kept.join('/')}`;
  return endsInSlash && kept.length > 0 ? `${joined}/` : joined;
}

function spell(found: string, hex: string | undefined): string {
  if (hex === undefined) return escapeOf(found.charCodeAt(0));
  const character = String.fromCharCode(Number.parseInt(hex, 16));
  return UNRESERVED.test(character) ? character : found.toUpperCase();
}

function escapeOf(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
}
