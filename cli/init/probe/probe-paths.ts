/** Which spellings of a path the monolith takes for the same: the routes of its slices have to match them all. */
import { printable } from '@ficus/core';
import { compared, decideSameResource } from './compare-answers.ts';
import type { Answer, PoliteClient } from './polite-client.ts';
import type { Entry } from './probe-entry.ts';

export interface PathSpellings {
  /** A path that it was asked for. */
  readonly path: string;
  readonly ignoreCase: boolean;
  readonly ignoreTrailingSlash: boolean;
}

/** The name says in the monolith's log what it is. */
const MISSING = '/ficus-init-asks-for-a-page-that-does-not-exist';

/** What is answered where nothing is. */
export async function probeMissing(
  client: PoliteClient,
  { base, headers = {} }: Pick<Entry, 'base'> & Partial<Pick<Entry, 'headers'>>,
): Promise<Answer | undefined> {
  const asked = await client.get(below(base, MISSING), { headers });
  return asked.ok ? asked.answer : undefined;
}

/** @param path known to exist, below the base */
export async function probePaths(
  client: PoliteClient,
  { base, headers }: Entry,
  path: string,
  missing: Answer,
): Promise<PathSpellings | undefined> {
  const original = await client.get(below(base, path), { headers });
  if (!original.ok || original.answer.status === 404) return undefined;
  const isSame = async (spelling: string): Promise<boolean> => {
    const asked = await client.get(below(base, spelling), { headers });
    if (!asked.ok) return false;
    const [one, other, none] = [
      compared(original.answer, below(base, path)),
      compared(asked.answer, below(base, spelling)),
      compared(missing, below(base, MISSING)),
    ];
    return decideSameResource(one, other, none) === 'same';
  };
  const ignoreCase = await isSame(otherCase(path));
  const ignoreTrailingSlash = await isSame(path.endsWith('/') ? path.slice(0, -1) : `${path}/`);
  return { path, ignoreCase, ignoreTrailingSlash };
}

/** A path on which both spellings differ: from the page's links, or else the page's own. */
export function findKnownPath({ answer, page, base }: Entry): string | undefined {
  const prefix = base.pathname.replace(/\/$/, '');
  const links = [...answer.body.matchAll(/\shref="(\/[^"#?]*)"/g)].map((match) => match[1] ?? '');
  return [page.pathname, ...links]
    .filter((path) => path.startsWith(`${prefix}/`))
    .map((path) => path.slice(prefix.length))
    .find((path) => /^\/[\w/-]+$/.test(path) && /[a-z]/i.test(path) && printable(path) === path);
}

export function below(base: URL, path: string): URL {
  return new URL(base.pathname.replace(/\/$/, '') + path, base.origin);
}

function otherCase(path: string): string {
  const upper = path.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  return upper === path ? path.toLowerCase() : upper;
}
