/** What an entry of the audit changed, in words. */
import type { AuditEntryView } from '@ficus/contract';
import { counted } from './counted.ts';

const DOUBTS = { refused: 'refused, not made', unknown: 'outcome unknown' };

/** A copy changes no value: there is nothing to show. */
export function describeChange({ was, became, outcome }: AuditEntryView): string {
  const sides = [was, became].map(describeValue);
  const change = became === null ? sides[0]! : `${sides[0] || 'none'} → ${sides[1]}`;
  return outcome === 'made' ? change : `${change} (${DOUBTS[outcome]})`.trim();
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  if ('percent' in value) return value.percent === null ? 'no percentage' : `${value.percent} %`;
  if ('counts' in value) return describeEvidence(value as DroppedEvidence);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${describeValue(each) || 'none'}`)
    .join(', ');
}

interface DroppedEvidence {
  readonly counts: Readonly<Record<string, number>>;
  readonly since?: string;
  readonly version?: string | null;
}

/** What a new comparison window leaves behind. */
function describeEvidence({ counts, since, version }: DroppedEvidence): string {
  const found = Object.entries(counts).filter(([, count]) => count > 0);
  const said = found.map(([verdict, count]) => `${count.toLocaleString('en-US')} ${verdict}`).join(', ');
  const all = found.reduce((sum, [, count]) => sum + count, 0);
  const of = version ? ` of version ${version}` : '';
  const began = since === undefined ? '' : ` since ${since}`;
  return `dropped ${counted(all, 'comparison')}${of}${began}${said === '' ? '' : `: ${said}`}`;
}
