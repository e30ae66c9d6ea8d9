/** What `ficus init` is given, checked: URLs without secrets, names as the config allows them. */
import { FicusError, hideCredentials } from '@ficus/core';

export interface GivenCandidate {
  readonly slice: string;
  readonly url: string;
}

/** Origin and base path. @throws FicusError FICUS_USAGE */
export function parseBase(url: string): string {
  if (!URL.canParse(url) || !/^https?:\/\//.test(url))
    throw new FicusError('FICUS_USAGE', describeOther(url));
  const { origin, pathname, search, hash, username, password } = new URL(url);
  if (search || hash || username || password)
    throw new FicusError('FICUS_USAGE', 'The URL takes no user name, no query and no fragment.');
  return origin + pathname.replace(/\/+$/, '');
}

/** `127.0.0.1:8080`, `localhost:3000/shop` */
const HOST = /^(\[[\d:a-f.]+\]|[\w.-]+)(:\d+)?(\/\S*)?$/i;

function describeOther(url: string): string {
  if (HOST.test(url) && URL.canParse(`http://${url}`))
    return `“${url}” has no scheme: write http://${url} or https://${url}.`;
  // Not repeated: what stands before @ may be a password.
  return `${url.includes('@') ? 'This' : `“${url}”`} is not an http:// or https:// URL.`;
}

/** Collects `--candidate SLICE=URL`. @throws FicusError FICUS_USAGE */
export function parseCandidate(text: string, before: readonly GivenCandidate[] = []): GivenCandidate[] {
  const [, slice = '', url = ''] = /^([^=:/]+)=(.+)$/s.exec(text) ?? [];
  if (slice === '')
    throw new FicusError(
      'FICUS_USAGE',
      hideCredentials(
        `--candidate takes SLICE=URL, for instance notifications=http://127.0.0.1:3101, not “${text}”.`,
      ),
    );
  requireSliceName(slice);
  if (before.some((candidate) => candidate.slice === slice))
    throw new FicusError('FICUS_USAGE', `--candidate names ${slice} twice.`);
  return [...before, { slice, url: parseBase(url) }];
}

/** @throws FicusError FICUS_USAGE */
export function requireSliceName(name: string): void {
  if (!/^[a-z][a-z0-9-]*$/.test(name))
    throw new FicusError(
      'FICUS_USAGE',
      `“${name}” is no name of a slice: it consists of lower case letters, digits and hyphens, a letter first.`,
    );
}
