import { InvalidArgumentError } from 'commander';

const RANGE = 'It must be a whole number from 0 to 100.';
const WHOLE =
  'It must be a whole number: Unleash’s clients, which evaluate the flags, place each user in one of 100 parts, so a fraction of a percent moves no user. For fewer users than 1 %, name them in a strategy of the flag (userWithId).';

/** A whole number from 0 to 100; a trailing % sign is allowed. */
export function parsePercent(text: string): number {
  if (/^\d{1,3}[.,]\d+ ?%?$/.test(text)) throw new InvalidArgumentError(WHOLE);
  if (!/^\d{1,3}%?$/.test(text)) throw new InvalidArgumentError(RANGE);
  const percent = Number.parseInt(text, 10);
  if (percent > 100) throw new InvalidArgumentError(RANGE);
  return percent;
}
