/** All error codes, by area. docs/errors.md is generated from here. */
import { cdcErrors } from './cdc-errors.ts';
import { commandErrors } from './command-errors.ts';
import { controlErrors } from './control-errors.ts';
import type { ErrorEntry } from './error-entry.ts';
import { proxyErrors } from './proxy-errors.ts';

export const catalogue = { ...commandErrors, ...proxyErrors, ...cdcErrors, ...controlErrors } as const;

export type ErrorCode = keyof typeof catalogue;

/** The entry of a code. */
export function describeError(code: ErrorCode): ErrorEntry {
  return catalogue[code];
}
