/** All error codes, by area. docs/errors.md is generated from here. */
import { armErrors } from './arm-errors.ts';
import { cdcErrors } from './cdc-errors.ts';
import { commandErrors } from './command-errors.ts';
import { controlErrors } from './control-errors.ts';
import { cutoverErrors } from './cutover-errors.ts';
import { databaseErrors } from './database-errors.ts';
import type { ErrorEntry } from './error-entry.ts';
import { fenceErrors } from './fence-errors.ts';
import { proxyErrors } from './proxy-errors.ts';

export const catalogue = {
  ...commandErrors,
  ...proxyErrors,
  ...databaseErrors,
  ...cdcErrors,
  ...armErrors,
  ...fenceErrors,
  ...controlErrors,
  ...cutoverErrors,
} as const;

export type ErrorCode = keyof typeof catalogue;

/** Whether this version knows a code that was received from another process. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(catalogue, code);
}

/** A code that was received from another process: FICUS_INTERNAL for one that this version does not know. */
export function readErrorCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'FICUS_INTERNAL';
}

/** The entry of a code. */
export function describeError(code: ErrorCode): ErrorEntry {
  return catalogue[code];
}
