/**
 * The operations of an OpenAPI 3 or Swagger 2 document, as they stand in it: `$ref`s inside the document are followed, the
 * base path of the servers is put before each path. Documents come from strangers: nothing about their shape is assumed.
 */

export interface Operation {
  /** Upper case. */
  readonly method: string;
  /** With the base path, parameters as in the document: `/api/orders/{id}`. */
  readonly path: string;
  /** Base path of its servers, without the slash at its end; undefined where the document names none. */
  readonly base: string | undefined;
  readonly operationId: string | undefined;
  readonly tag: string | undefined;
}

/** An operation, or a path with all of its operations, that is no part of the proposal. */
export interface LeftOut {
  /** `GET /api/orders`, or a path. */
  readonly what: string;
  /** End of a sentence. */
  readonly why: string;
}

export interface Loose {
  readonly [key: string]: unknown;
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'trace'];

/** Whether it is a document that describes an API. */
export function isOpenApi(document: unknown): boolean {
  const { openapi, swagger, paths } = loose(document);
  return (openapi ?? swagger) !== undefined && paths !== null && typeof paths === 'object';
}

/**
 * All operations in the order of the document.
 * @param source URL of the document, to which relative servers refer; undefined for a file
 */
export function readOperations(
  document: unknown,
  source: string | undefined,
): { operations: Operation[]; leftOut: LeftOut[] } {
  const operations: Operation[] = [];
  const leftOut: LeftOut[] = [];
  for (const [path, written] of Object.entries(loose(loose(document).paths))) {
    if (!path.startsWith('/')) continue;
    const item = resolve(document, written);
    if (item === undefined) {
      leftOut.push({ what: path, why: 'refers to something outside the document' });
      continue;
    }
    for (const method of METHODS) {
      const operation = resolve(document, item[method]);
      if (item[method] === undefined || item[method] === null) continue;
      const base = basePath([operation?.servers, item.servers, loose(document).servers], document, source);
      operations.push({
        method: method.toUpperCase(),
        path: (base ?? '') + path,
        base,
        operationId: text(operation?.operationId),
        tag: text(list(operation?.tags)[0]),
      });
    }
  }
  return { operations, leftOut };
}

/** Longest chain of references that is followed; a circle has no end. */
const MOST_REFERENCES = 20;

/** The object that is meant; undefined for a reference that leads nowhere in this document. */
export function resolve(document: unknown, written: unknown, steps = 0): Loose | undefined {
  const object = loose(written);
  const reference = text(object.$ref);
  if (reference === undefined) return object;
  if (!reference.startsWith('#/') || steps >= MOST_REFERENCES) return undefined;
  const found = reference.slice(2).split('/').map(unescapePointer).reduce(step, document);
  if (found === undefined) return undefined;
  const resolved = resolve(document, found, steps + 1);
  // OpenAPI 3.1: what stands beside the reference counts, too.
  return resolved && { ...resolved, ...object, $ref: undefined };
}

const step = (value: unknown, key: string): unknown =>
  value !== null && typeof value === 'object' && Object.hasOwn(value, key)
    ? (value as Loose)[key]
    : undefined;

/** RFC 6901 section 4, in a URL's fragment (section 6). */
function unescapePointer(part: string): string {
  let plain = part;
  try {
    plain = decodeURIComponent(part);
  } catch {
    // A percent sign that escapes nothing stands for itself.
  }
  return plain.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Of the first server; the nearest list counts (OpenAPI 3.1 section 4.8.10). */
function basePath(
  servers: readonly unknown[],
  document: unknown,
  source: string | undefined,
): string | undefined {
  const nearest = servers.find((each) => list(each).length > 0);
  const server = loose(list(nearest)[0]);
  const url = text(server.url) === undefined ? text(loose(document).basePath) : withVariables(server);
  const around = source ?? 'http://document.invalid/';
  if (url === undefined || !URL.canParse(url, around)) return undefined;
  const { pathname } = new URL(url, around);
  return pathname.replace(/\/+$/, '') || undefined;
}

function withVariables({ url, variables }: Loose): string {
  return String(url).replace(
    /\{([^}]*)\}/g,
    (_, name: string) => text(loose(loose(variables)[name]).default) ?? '',
  );
}

export function loose(value: unknown): Loose {
  return value !== null && typeof value === 'object' ? (value as Loose) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
