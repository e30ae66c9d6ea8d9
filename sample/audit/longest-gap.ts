/** The pause as clients see it: the longest time in which no request was answered. Pure. */

/** From and to, both on the machine's clock. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface Timed {
  readonly dueAt: number;
  readonly endedAt: number;
  /** Empty for a good answer: a failure is no sign of life. */
  readonly failure: string;
}

/** The longest time inside the window without a good answer, its edges included: all of it when there was none. */
export function findLongestGap(records: readonly Timed[], { from, to }: Window): Window {
  const ends = records
    .filter(({ endedAt, failure }) => failure === '' && endedAt > from && endedAt < to)
    .map(({ endedAt }) => endedAt)
    .sort((a, b) => a - b);
  let longest = { from, to: from };
  let last = from;
  for (const end of [...ends, to]) {
    if (end - last > longest.to - longest.from) longest = { from: last, to: end };
    last = end;
  }
  return longest;
}

/** Its length. */
export function longestGap(records: readonly Timed[], window: Window): number {
  const { from, to } = findLongestGap(records, window);
  return to - from;
}
