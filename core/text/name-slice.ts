/** Texts are written once for all slices: `ficus verify SLICE`. Where they are shown, the slice is mostly known. */

/** A command is to be pasted: no other text takes the place of a name. */
const NAME = /^[a-z][a-z0-9-]*$/;
const COMMAND = /\b(ficus [a-z]+) SLICE\b/g;

/** The text with the slice's name in its commands. @param slice of whatever origin; undefined where it is not known */
export function nameSlice(text: string, slice: string | undefined): string {
  return slice !== undefined && NAME.test(slice) ? text.replace(COMMAND, `$1 ${slice}`) : text;
}

interface Advice {
  readonly message: string;
  readonly remedy: string;
}

/** The problem with the slice's name in its commands. */
export function nameSliceIn<Problem extends Advice>(problem: Problem, slice: string | undefined): Problem {
  return {
    ...problem,
    message: nameSlice(problem.message, slice),
    remedy: nameSlice(problem.remedy, slice),
  };
}
