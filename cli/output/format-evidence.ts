/** Why comparisons of a slice proved nothing, and where answers differ: bounded, with how to ask both sides again. */
import type { SliceView } from '@ficus/contract';
import { printable } from '@ficus/core';
import { counted } from './counted.ts';
import { paint } from './paint.ts';

const REASONS_SHOWN = 5;
const SAMPLES_SHOWN = 3;
const DIFFERENCES_SHOWN = 3;

/** The most frequent reasons, and how many others there are. */
export function formatReasons({ parity }: Pick<SliceView, 'parity'>): string[] {
  const reasons = Object.entries(parity.reasons).sort(([, a], [, b]) => b - a);
  const more = reasons.length - REASONS_SHOWN;
  return [
    ...reasons
      .slice(0, REASONS_SHOWN)
      .map(([reason, times]) => `${times.toLocaleString('en-US')} × ${printable(reason)}`),
    ...(more > 0 ? [`and ${counted(more, 'more reason')} (--json)`] : []),
  ];
}

/** The newest mismatches. */
export function formatMismatches({ parity }: Pick<SliceView, 'parity'>): string[] {
  const samples = parity.samples.filter(({ verdict }) => verdict === 'mismatch');
  const more = samples.length - SAMPLES_SHOWN;
  return [
    ...samples.slice(0, SAMPLES_SHOWN).flatMap(formatSample),
    ...(more > 0 ? [`and ${counted(more, 'more request')} with a difference (--json)`] : []),
  ];
}

/** The first thing that a new candidate does. */
const REFUSED =
  'it does not know the caller: candidate.credentials names what it gets, or it verifies x-ficus-identity (proxy.identify.assert)';

const isRefused = ({ path, candidate }: Sample['differences'][number]): boolean =>
  path === 'status' && candidate === '401';

type Sample = SliceView['parity']['samples'][number];

function formatSample({ request, route, differences, curl }: Sample): string[] {
  const more = differences.length - DIFFERENCES_SHOWN;
  return [
    `${paint('red', '✗', process.stdout)} ${printable(request)} (route ${route})`,
    ...differences
      .slice(0, DIFFERENCES_SHOWN)
      .map(({ path, legacy, candidate }) => printable(`  ${path}: legacy ${legacy}, candidate ${candidate}`)),
    ...(more > 0 ? [`  and ${counted(more, 'more difference')}`] : []),
    ...(differences.some(isRefused) ? [`  ${REFUSED}`] : []),
    '  ask both again:',
    ...[curl.legacy, curl.candidate].map((command) => `    ${printable(command)}`),
  ];
}
