/** How far the answers of a slice agree, in one line each: of how many, how old, and what was never compared. */
import type { SliceView } from '@ficus/contract';
import { paint } from './paint.ts';

/** Cell of a table: the share of matches, and of how many comparisons. */
export function formatAgreement({ parity, candidate }: SliceView): string {
  if (parity.ratio === null) return 'nothing compared';
  const notes = [
    ...(candidate.state === 'fails' ? ['before it failed'] : []),
    ...(parity.uncompared.length > 0 ? [`${parity.uncompared.length} never compared`] : []),
  ];
  return [`${shareOf(parity.ratio)} of ${count(parity.compared)}`, ...notes].join(', ');
}

export function formatParity({ parity, candidate }: SliceView): string[] {
  const { match, mismatch, stale, noise, inconclusive, skipped } = parity.counts;
  const counts = `${count(match)} match, ${count(mismatch)} mismatch, ${count(stale)} stale, ${count(noise)} noise, ${count(inconclusive)} inconclusive, ${count(skipped)} skipped`;
  if (parity.ratio === null) {
    const nothing = paint('yellow', 'nothing compared', process.stdout);
    return [inconclusive + skipped + stale > 0 ? `${nothing}   ${counts}` : nothing];
  }
  const isClean = mismatch === 0 && candidate.state !== 'fails' && parity.uncompared.length === 0;
  const colour = mismatch > 0 ? 'red' : isClean ? 'green' : 'yellow';
  const share = paint(colour, `${shareOf(parity.ratio)} of ${count(parity.compared)} match`, process.stdout);
  return [
    `${share}   ${counts}; the last at ${parity.lastComparedAt}`,
    ...(parity.uncompared.length > 0 ? [`never compared: ${parity.uncompared.join(', ')}`] : []),
  ];
}

/** Rounded down: 99.9999 % is never shown as 100 %. */
const shareOf = (ratio: number) => `${(Math.floor(ratio * 100_000) / 1000).toFixed(3)} %`;
const count = (value: number) => value.toLocaleString('en-US');
