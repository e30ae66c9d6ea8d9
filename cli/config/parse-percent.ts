import { InvalidArgumentError } from 'commander';

/** A whole number from 0 to 100; a trailing % sign is allowed. */
export function parsePercent(text: string): number {
  if (!/^\d{1,3}%?$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0 to 100.');
  const percent = Number.parseInt(text, 10);
  if (percent > 100) throw new InvalidArgumentError('It must be a whole number from 0 to 100.');
  return percent;
}
