/** Everything about one slice, for a terminal. */
import type { SliceView } from '@ficus/contract';
import { printable } from '@ficus/core';
import { formatCopy } from './format-copy.ts';
import { formatParity } from './format-parity.ts';
import { describeVerdict } from './format-verify.ts';
import { paint } from './paint.ts';

const STAGES = ['legacy', 'shadow', 'canary', 'live', 'cutover', 'retired'] as const;
const MISMATCHES_SHOWN = 3;

export function formatSlice(slice: SliceView): string {
  return [
    `${bold(slice.name)}${slice.team ? `   team ${slice.team}` : ''}`,
    '',
    line(
      'stage',
      STAGES.map((stage) => (stage === slice.stage ? bold(`[${stage}]`) : dim(stage))).join(dim(' → ')),
    ),
    ...sidesOf(slice),
    line('owner', ownerOf(slice)),
    line('serve', `${percentOf(slice.flags.serve.percent)} asked, measured: ${shareOf(slice)}`),
    line('shadow', percentOf(slice.flags.shadow.percent)),
    line('traffic', trafficOf(slice)),
    ...formatParity(slice).map((text, at) => line(at === 0 ? 'parity' : '', text)),
    ...mismatchesOf(slice),
    ...replicationOf(slice),
    line('verify', verifyOf(slice)),
    line('way back', slice.rollback.text),
  ].join('\n');
}

function sidesOf({ legacy, candidate }: SliceView): string[] {
  const legacyLine = legacy.text === null ? [] : [line('legacy', paint('red', legacy.text, process.stdout))];
  if (candidate.text === null) return legacyLine;
  return [
    ...legacyLine,
    line('candidate', paint('red', `${candidate.text} Since ${candidate.failingSince}`, process.stdout)),
  ];
}

function ownerOf({ owner, epoch }: SliceView): string {
  return owner === null
    ? 'none: the slice has no tables, its writes move with the serve flag'
    : `${owner}, epoch ${epoch}`;
}

function trafficOf({ traffic }: SliceView): string {
  const side = (name: 'legacy' | 'candidate') => {
    const { requests, failures, meanMs } = traffic[name];
    return `${name} ${count(requests)} (${failures} failed${meanMs === null ? '' : `, mean ${meanMs.toFixed(1)} ms`})`;
  };
  const outside =
    traffic.outsideRequests > 0 ? ` (${count(traffic.outsideRequests)} requests matched no route)` : '';
  return `${side('legacy')} · ${side('candidate')} in ${traffic.windowSeconds} s${outside}`;
}

function mismatchesOf({ parity }: SliceView): string[] {
  return parity.samples
    .filter((sample) => sample.verdict === 'mismatch')
    .slice(0, MISMATCHES_SHOWN)
    .flatMap((sample) => [
      `${' '.repeat(12)}${paint('red', '✗', process.stdout)} ${printable(sample.request)} (route ${sample.route})`,
      ...sample.differences
        .slice(0, MISMATCHES_SHOWN)
        .map(
          (difference) =>
            `${' '.repeat(14)}${printable(`${difference.path}: legacy ${difference.legacy}, candidate ${difference.candidate}`)}`,
        ),
    ]);
}

function replicationOf({ replication }: SliceView): string[] {
  if (!replication) return [line('stream', 'the slice has no tables')];
  const lines = [
    line(
      'stream',
      `${replication.state}, ${replication.healthy ? 'healthy' : paint('red', replication.reason ?? 'not healthy', process.stdout)}`,
    ),
    line(
      'lag',
      `${Math.round(replication.lagMs)} ms, ${count(replication.lagBytes)} bytes, ${count(replication.lagTransactions)} transactions; applied ${replication.appliedLsn}`,
    ),
  ];
  if (replication.copy && !replication.copied) {
    const { copy } = replication;
    lines.push(line('copy', `${copy.percent.toFixed(1)} %, ${formatCopy(copy)}`));
  }
  if (replication.slot) {
    const { walStatus, retainedBytes, roomBytes } = replication.slot;
    const room = roomBytes === null ? 'no limit set' : `${count(roomBytes)} bytes until it is lost`;
    lines.push(line('slot', `${walStatus}, keeps ${count(retainedBytes)} bytes of WAL, ${room}`));
  }
  if (replication.problem) {
    lines.push(
      line('problem', paint('red', replication.problem.message, process.stdout)),
      line('', replication.problem.remedy),
    );
  }
  return lines;
}

function verifyOf({ name, tables, verify }: SliceView): string {
  if (tables.length === 0) return 'the slice has no tables';
  if (!verify) return `never run: ficus verify ${name}`;
  if (verify.state === 'running') return `running: ${count(verify.rowsCompared)} rows compared`;
  if (verify.state === 'failed') return paint('red', verify.problem?.message ?? 'failed', process.stdout);
  const earlier = verify.ofEarlierVersion
    ? `, with version ${printable(verify.version ?? 'unknown')} of the candidate, which has another one now`
    : '';
  return `${describeVerdict(verify)}, ${count(verify.rowsCompared)} rows, at ${verify.finishedAt}${earlier}`;
}

function shareOf({ traffic }: SliceView): string {
  return traffic.unmeasured ?? `${traffic.candidateSharePercent} % of ${count(traffic.measuredRequests)}`;
}

const percentOf = (percent: number | null) => (percent === null ? 'unknown' : `${percent} %`);
/** One line, whatever was said: a second one could look like another entry. */
const line = (name: string, text: string) => `  ${name.padEnd(10)}${text.replace(/[\n\r]/g, printable)}`;
const count = (value: number) => value.toLocaleString('en-US');
const bold = (text: string) => paint('bold', text, process.stdout);
const dim = (text: string) => paint('dim', text, process.stdout);
