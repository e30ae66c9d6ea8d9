/** What an OpenAPI document says about callers: the cookie that carries the session, and the path that names its user. */
import { loose, readOperations, resolve, text } from './operations.ts';
import { withoutPrefix } from './without-prefix.ts';

/** RFC 6265 section 4.1.1. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Name of the cookie of the first security scheme that is one. */
export function sessionScheme(document: unknown): string | undefined {
  const schemes = Object.values(loose(loose(loose(document).components).securitySchemes));
  return schemes
    .map((scheme) => resolve(document, scheme))
    .filter((scheme) => scheme?.type === 'apiKey' && scheme.in === 'cookie')
    .map((scheme) => text(scheme?.name))
    .find((name) => name !== undefined && TOKEN.test(name));
}

const WHO_CALLS = /^(?:\/[\w-]+)*\/(?:me|whoami|userinfo|current[-_]?user)$/i;

/** Path for `introspect`, as clients of the proxy write it: a guess by its name. */
export function whoCallsPath(
  document: unknown,
  { legacyUrl, source }: { readonly legacyUrl: string; readonly source?: string | undefined },
): string | undefined {
  const prefix = new URL(legacyUrl).pathname.replace(/\/$/, '');
  return readOperations(document, source)
    .operations.filter(({ method }) => method === 'GET')
    .map((operation) => withoutPrefix(operation, prefix))
    .find((path) => path !== undefined && WHO_CALLS.test(path));
}
