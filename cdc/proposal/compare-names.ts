/** How alike two names are, as people name tables and columns: `orderItems`, `order_items`, `order_item`, `shop_order_item`. */

/** From the surest to the boldest. */
export const LIKENESSES = ['same', 'spelling', 'number', 'prefix'] as const;
export type Likeness = (typeof LIKENESSES)[number];

/** @returns undefined for names that have nothing to do with each other */
export function likenessOf(source: string, target: string): Likeness | undefined {
  if (source === target) return 'same';
  const [from, to] = [wordsOf(source), wordsOf(target)];
  if (from.length === 0 || to.length === 0) return undefined;
  if (from.join('') === to.join('')) return 'spelling';
  if (areOneNoun(from, to)) return 'number';
  const [longer, shorter] = from.length > to.length ? [from, to] : [to, from];
  if (longer.length === shorter.length) return undefined;
  return areOneNoun(longer.slice(longer.length - shorter.length), shorter) ? 'prefix' : undefined;
}

/** `createdAt`, `created_at`, `CREATED-AT` → created, at. */
export function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1_$2')
    .replaceAll(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1_$2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter((word) => word !== '');
}

/** The same words, but for the last one’s number. */
export function areOneNoun(one: readonly string[], other: readonly string[]): boolean {
  const before = (words: readonly string[]) => words.slice(0, -1).join('');
  if (before(one) !== before(other)) return false;
  const forms = new Set(formsOf(one.at(-1) ?? ''));
  return formsOf(other.at(-1) ?? '').some((form) => forms.has(form));
}

const IRREGULAR: Readonly<Record<string, string>> = {
  people: 'person',
  children: 'child',
  men: 'man',
  women: 'woman',
  data: 'datum',
  media: 'medium',
  indices: 'index',
};

/** The word, and what it may be the plural of. */
function formsOf(word: string): string[] {
  const forms = [word, IRREGULAR[word]];
  if (/[^aeiou]ies$/.test(word)) forms.push(word.replace(/ies$/, 'y'));
  if (/(?:s|x|z|ch|sh|o)es$/.test(word)) forms.push(word.slice(0, -2));
  if (/[^s]s$/.test(word)) forms.push(word.slice(0, -1));
  return forms.filter((form) => form !== undefined && form.length > 1) as string[];
}
