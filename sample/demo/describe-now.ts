/** The live line. Pure. */
import type { Tally } from '../load/tally.ts';
import { isCounted, measuredShare } from './demo-figures.ts';
import { isExhausted } from './machine-load.ts';
import type { ParityCounts } from './slice-control.ts';

/** The most telling facts first: a narrow terminal cuts the last. */
export function describeNow(
  tally: Tally,
  parity: Pick<ParityCounts, 'match' | 'mismatch'>,
  lagMs: number | undefined,
  busyPercent?: number,
): string {
  const compared = parity.match + parity.mismatch;
  const latency = `p50 ${tally.latency.p50.toFixed(1)} p99 ${tally.latency.p99.toFixed(0)} ms`;
  return [
    `${tally.requests.toLocaleString('en-US')} requests`,
    `${tally.failures} failed`,
    isCounted(tally) ? `service ${measuredShare(tally).toFixed(1)} %` : 'service –',
    compared > 0
      ? `parity ${parity.match.toLocaleString('en-US')}/${compared.toLocaleString('en-US')}`
      : 'parity –',
    isExhausted(busyPercent) ? `${latency} (cores ${busyPercent.toFixed(0)} % busy)` : latency,
    `stale ${tally.staleReads}`,
    ...(lagMs === undefined ? [] : [`lag ${lagMs.toFixed(0)} ms`]),
  ].join(' · ');
}
