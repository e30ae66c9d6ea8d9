/**
 * A path of an OpenAPI document as a pattern of a route: `/orders/{id}` → `/orders/:id`. The name of a parameter ends at
 * `/`, `.` or `-`, so a parameter that something else follows cannot be written.
 */

export type RoutePattern = { readonly path: string } | { readonly why: string };

/** Of `{id}`; those of URI templates and of API gateways have a sign: `{path*}`, `{proxy+}`, `{+path}`. */
const PARAMETER = /\{([^{}]*)\}/g;
const REST = /^\{(?:[^{}+*?]+[+*]|\+[^{}+*?]+)\}$/;

export function routePattern(path: string): RoutePattern {
  const segments = path.split('/');
  const last = segments.at(-1) ?? '';
  const rest = REST.test(last) ? [...segments.slice(0, -1), '*'] : undefined;
  const names = new Set<string>();
  const made: string[] = [];
  for (const segment of rest?.slice(0, -1) ?? segments) {
    const part = patternOfSegment(segment, names);
    if (part === undefined) return { why: `no pattern of a route is like “${segment}”` };
    made.push(part);
  }
  return { path: [...made, ...(rest ? ['*'] : [])].join('/') };
}

function patternOfSegment(segment: string, names: Set<string>): string | undefined {
  const parts = segment.split(PARAMETER);
  let made = '';
  for (const [at, part] of parts.entries()) {
    if (at % 2 === 0) {
      if (/[{}*]/.test(part)) return undefined;
      made += part.replaceAll(':', '::');
      continue;
    }
    const following = parts[at + 1] ?? '';
    const ends = following === '' ? at + 2 === parts.length : /^[.-]/.test(following);
    if (!ends || /[+*?]/.test(part)) return undefined;
    made += `:${freshName(part, names)}`;
  }
  return made;
}

/** Parameters of one path have different names. */
function freshName(written: string, names: Set<string>): string {
  const name = written.replaceAll(/\W+/g, '_').replace(/^_+|_+$/g, '') || 'parameter';
  let fresh = name;
  for (let count = 2; names.has(fresh); count += 1) fresh = `${name}${count}`;
  names.add(fresh);
  return fresh;
}
