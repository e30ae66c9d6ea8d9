/** How far the answers of a slice agree, in one line each: of how many, how old, and what was never compared. */
import type { SliceView } from '@ficus/contract';
import { printable } from '@ficus/core';
import { counted } from './counted.ts';
import { paint } from './paint.ts';

/** Cell of a table: the share of matches, and of how many comparisons. */
export function formatAgreement({ parity, candidate }: SliceView): string {
  if (parity.ratio === null) return 'nothing compared';
  const notes = [
    ...(candidate.state === 'fails' ? ['before it failed'] : []),
    ...(parity.uncompared.length > 0 ? [`${counted(parity.uncompared.length, 'route')} never compared`] : []),
  ];
  return [`${shareOf(parity.ratio)} of ${count(parity.compared)}`, ...notes].join(', ');
}

export function formatParity(slice: SliceView): string[] {
  const { parity } = slice;
  const { match, mismatch, stale, noise, inconclusive, skipped } = parity.counts;
  const counts = `${count(match)} match, ${count(mismatch)} mismatch, ${count(stale)} stale, ${count(noise)} noise, ${count(inconclusive)} inconclusive, ${count(skipped)} skipped`;
  const of = parity.version === null ? '' : ` of version ${printable(parity.version)}`;
  const notes = [
    ...(parity.ratio !== null && parity.uncompared.length > 0
      ? [`never compared: ${parity.uncompared.join(', ')}`]
      : []),
    ...parity.earlier.map(describeEarlier),
  ];
  if (parity.ratio === null) {
    const nothing = paint('yellow', `nothing compared${of}`, process.stdout);
    return [inconclusive + skipped + stale > 0 ? `${nothing}   ${counts}` : nothing, ...notes];
  }
  const share = `${shareOf(parity.ratio)} of ${count(parity.compared)} match${of}`;
  return [
    `${paint(colourOf(slice), share, process.stdout)}   ${counts}; the last at ${parity.lastComparedAt}`,
    ...notes,
  ];
}

/** Green only for what was compared, everywhere, and mostly matches, with a candidate that answers; as on the page (`judge`). */
export function colourOf({ parity, candidate }: SliceView): 'red' | 'yellow' | 'green' {
  const { match, noise, mismatch } = parity.counts;
  if (mismatch > 0) return 'red';
  return candidate.state === 'fails' || parity.uncompared.length > 0 || noise > match ? 'yellow' : 'green';
}

function describeEarlier({ version, compared, ratio, lastComparedAt }: Earlier): string {
  const of = version === null ? 'of an unknown version' : `of version ${printable(version)}`;
  const found = ratio === null ? 'nothing compared' : `${shareOf(ratio)} of ${count(compared)} match`;
  const last = lastComparedAt === null ? '' : `, the last at ${lastComparedAt}`;
  return `${found} ${of}${last}: does not count`;
}

type Earlier = SliceView['parity']['earlier'][number];

/** Rounded down: 99.9999 % is never shown as 100 %. */
const shareOf = (ratio: number) => `${(Math.floor(ratio * 100_000) / 1000).toFixed(3)} %`;
const count = (value: number) => value.toLocaleString('en-US');
