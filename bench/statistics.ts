/** The median, for figures that noise moves in both directions. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The median ratio of values that were taken one after the other: if the machine slows down in between, it slows both.
 */
export function medianRatio(over: readonly number[], under: readonly number[]): number {
  return median(over.map((value, at) => value / under[at]!));
}

/** Nearest rank; NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** The lower quartile, for figures that noise can only raise. */
export function lowerQuartile(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 4)]!;
}

const RESAMPLES = 400;

/**
 * Bounds of the ratio of two lower quartiles, with 95 % confidence (bootstrap). The values at one index were taken one
 * after the other and are drawn together: what disturbed one has mostly disturbed both.
 */
export function ratioInterval(
  over: readonly number[],
  under: readonly number[],
): { readonly low: number; readonly high: number } {
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const drawn = over.map(() => Math.floor(Math.random() * over.length));
    return lowerQuartile(drawn.map((at) => over[at]!)) / lowerQuartile(drawn.map((at) => under[at]!));
  }).sort((a, b) => a - b);
  return { low: ratios[Math.floor(RESAMPLES * 0.025)]!, high: ratios[Math.floor(RESAMPLES * 0.975)]! };
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
