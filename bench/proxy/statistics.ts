/** The middle of figures that noise pulls both ways. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The middle of the ratios of values that were taken one after the other: a machine that becomes slower in between makes
 * both slower.
 */
export function medianRatio(over: readonly number[], under: readonly number[]): number {
  return median(over.map((value, at) => value / under[at]!));
}

/** What three quarters of the values are no better than: for figures that noise pulls one way, up. */
export function lowerQuartile(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 4)]!;
}

const RESAMPLES = 400;

/**
 * Between which values the ratio of two lower quartiles lies, with 95 % confidence (bootstrap). The values at one place
 * were taken one after the other and are drawn together: what disturbed one has mostly disturbed both.
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
