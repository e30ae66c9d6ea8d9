/** Names of slices and routes, as the config allows them, from the names of an OpenAPI document. */

const LONGEST = 60;
/** Segments that say where an API is, not what it is about. */
const TELLS_NOTHING = /^(api|rest|internal|default|public|v\d+)$/;

/** `listOrders`, `orders_list`, `Orders.List` → words with hyphens; empty when nothing is left. */
export function hyphenated(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST)
    .replace(/^-+|-+$/g, '');
}

/** By the tag where it says something, or else by the first segment that does. */
export function sliceName(tag: string | undefined, path: string): string | undefined {
  const ofTag = asSliceName(tag ?? '');
  if (ofTag !== '' && !TELLS_NOTHING.test(ofTag)) return ofTag;
  const segment = path
    .split('/')
    .find((part) => part && !part.includes('{') && !TELLS_NOTHING.test(part.toLowerCase()));
  return asSliceName(segment ?? '') || undefined;
}

const asSliceName = (text: string): string => hyphenated(text).replace(/^[^a-z]+/, '');

/** `list-orders` by its operationId, or else by what it does: `get-orders-id`. */
export function routeId(operationId: string | undefined, method: string, path: string): string {
  const telling = path.split('/').filter((part) => !TELLS_NOTHING.test(part.toLowerCase()));
  const what = hyphenated(`${method} ${telling.join(' ')}`);
  return hyphenated(operationId ?? '') || what || method.toLowerCase();
}

/** Numbers names that are taken: `list`, `list-2`. */
export class FreshNames {
  readonly #taken = new Set<string>();

  take(name: string): string {
    let fresh = name;
    for (let count = 2; this.#taken.has(fresh); count += 1) fresh = `${name}-${count}`;
    this.#taken.add(fresh);
    return fresh;
  }
}
