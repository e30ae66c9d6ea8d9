/** All planted mistakes, in the order in which they are listed. */
import { ATTEMPT_MUTANTS } from './attempt-mutants.ts';
import { FENCE_MUTANTS } from './fence-mutants.ts';
import { JOURNAL_MUTANTS } from './journal-mutants.ts';
import type { Mutant } from './mutant.ts';
import { PROXY_MUTANTS } from './proxy-mutants.ts';

export const MUTANTS: readonly Mutant[] = [
  ...FENCE_MUTANTS,
  ...ATTEMPT_MUTANTS,
  ...JOURNAL_MUTANTS,
  ...PROXY_MUTANTS,
];
