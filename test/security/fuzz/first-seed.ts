/**
 * The first seed of a run; each sample has one of its own, counted up from here. The same in every run, so that a run fails
 * by what was changed; FICUS_FUZZ_SEED=N gives others. Seven digits or more: a path with the seed looks like nothing else.
 */
export const FIRST_SEED = Number(process.env.FICUS_FUZZ_SEED ?? 5_000_000);
if (!Number.isSafeInteger(FIRST_SEED) || FIRST_SEED < 1_000_000)
  throw new Error('FICUS_FUZZ_SEED is a whole number from 1000000');
