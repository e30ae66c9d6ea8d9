/** A database's URL as ficus.yaml may hold it: a reference to the environment, and never a password. */
import { readDatabaseUrl } from '@ficus/core';

export interface DatabaseReference {
  /** `${LEGACY_DATABASE_URL:-postgres://shop@db/shop}`, or without what a password stands in. */
  readonly text: string;
  readonly variable: string;
  /** The file cannot be used until the variable is set. */
  readonly mustBeSet: boolean;
}

export const LEGACY_VARIABLE = 'LEGACY_DATABASE_URL';
export const CONTROL_VARIABLE = 'FICUS_DATABASE_URL';

/** `order-items` → `ORDER_ITEMS_DATABASE_URL` */
export const candidateVariable = (slice: string): string =>
  `${slice.toUpperCase().replaceAll('-', '_')}_DATABASE_URL`;

/** @param url undefined where it is not known: then the variable has to be set */
export function databaseReference(variable: string, url: string | undefined): DatabaseReference {
  const isPlain = url !== undefined && isWithoutSecret(url);
  return {
    text: isPlain ? `\${${variable}:-${url}}` : `\${${variable}}`,
    variable,
    mustBeSet: !isPlain,
  };
}

function isWithoutSecret(url: string): boolean {
  // A brace would end the reference.
  if (/[{}\s]/.test(url)) return false;
  return readDatabaseUrl(url).password === '' && !/[?&][^=&]*(password|secret|key)[^=&]*=/i.test(url);
}
