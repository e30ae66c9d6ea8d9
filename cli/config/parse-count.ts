import { InvalidArgumentError } from 'commander';

/** A parser of whole numbers from 1 to `most`, for options. */
export function parseCount(most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const bound = most === Number.MAX_SAFE_INTEGER ? 'of 1 or more' : `from 1 to ${most}`;
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || count > most)
      throw new InvalidArgumentError(`It must be a whole number ${bound}.`);
    return count;
  };
}
