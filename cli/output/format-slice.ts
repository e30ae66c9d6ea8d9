/** Everything about one slice, for a terminal. */
import type { CutoverView, ReplicationView, SliceView } from '@ficus/contract';
import { formatBytes, formatDuration, printable } from '@ficus/core';
import { counted } from './counted.ts';
import { formatCopy } from './format-copy.ts';
import { formatMismatches, formatReasons } from './format-evidence.ts';
import { describeNotes, describeOwnership } from './format-ownership.ts';
import { formatParity } from './format-parity.ts';
import { describeVerdict, describeVerifiedRows } from './format-verify.ts';
import { oneLine } from './one-line.ts';
import { paint } from './paint.ts';

const STAGES = ['legacy', 'shadow', 'canary', 'live', 'cutover', 'retired'] as const;

/** @param cutover of an earlier control plane there is none */
export function formatSlice(slice: SliceView, cutover?: CutoverView): string {
  return [
    `${bold(slice.name)}${slice.team ? `   team ${slice.team}` : ''}`,
    '',
    line(
      'stage',
      STAGES.map((stage) => (stage === slice.stage ? bold(`[${stage}]`) : dim(stage))).join(dim(' → ')),
    ),
    ...sidesOf(slice),
    line('owner', ownerOf(slice)),
    ...(cutover ? [...describeOwnership(cutover), ...describeNotes(cutover)] : []).map((text, at) =>
      line(at === 0 ? 'cutover' : '', text),
    ),
    line('serve', `${percentOf(slice.flags.serve.percent)} asked; ${shareOf(slice)}`),
    line('shadow', percentOf(slice.flags.shadow.percent)),
    line('traffic', trafficOf(slice)),
    ...formatParity(slice).map((text, at) => line(at === 0 ? 'parity' : '', text)),
    ...formatReasons(slice).map((text) => line('', text)),
    ...guardsOf(slice),
    ...replicationOf(slice),
    line('verify', verifyOf(slice)),
    ...writersOf(slice),
    line('way back', wayBackOf(slice)),
    // They take most lines: what stands below them would be out of the window.
    ...formatMismatches(slice).map((text, at) => line(at === 0 ? 'differs' : '', text)),
  ].join('\n');
}

function sidesOf({ legacy, candidate }: SliceView): string[] {
  const legacyLine = legacy.text === null ? [] : [line('legacy', paint('red', legacy.text, process.stdout))];
  if (candidate.text === null) return legacyLine;
  return [
    ...legacyLine,
    line(
      'candidate',
      paint(
        'red',
        `${candidate.text} Failing since ${candidate.failingSince}${ageOf(candidate.failingSince)}`,
        process.stdout,
      ),
    ),
  ];
}

const ageOf = (iso: string | null) =>
  iso === null ? '' : ` (${formatDuration(Math.max(0, Date.now() - Date.parse(iso)))})`;

function ownerOf({ owner, epoch }: SliceView): string {
  return owner === null
    ? 'none: the slice has no tables, its writes move with the serve flag'
    : `${owner}, epoch ${epoch}`;
}

/** While it is the flag alone, it needs no mark. */
function wayBackOf({ owner, rollback: { answer, text } }: SliceView): string {
  if (owner !== 'candidate' && answer === 'pass') return text;
  return `${paint(GUARD_COLOURS[answer], GUARD_MARKS[answer], process.stdout)} ${text}`;
}

function trafficOf({ traffic }: SliceView): string {
  const side = (name: 'legacy' | 'candidate') => {
    const { requests, failures, meanMs } = traffic[name];
    return `${name} ${count(requests)} (${failures} failed${meanMs === null ? '' : `, mean ${meanMs.toFixed(1)} ms`})`;
  };
  const outside =
    traffic.outsideRequests > 0 ? ` (${counted(traffic.outsideRequests, 'request')} matched no route)` : '';
  return `${side('legacy')} · ${side('candidate')} in ${traffic.windowSeconds} s${outside}`;
}

const GUARD_MARKS = { pass: '✓', fail: '✗', 'insufficient evidence': '?' } as const;
const GUARD_COLOURS = { pass: 'green', fail: 'red', 'insufficient evidence': 'yellow' } as const;

/** As a raise of the serve flag would be judged now. */
function guardsOf({ guards }: SliceView): string[] {
  return guards.map(({ guard, answer, text }, at) => {
    const mark = paint(GUARD_COLOURS[answer], GUARD_MARKS[answer], process.stdout);
    const said = answer === 'insufficient evidence' ? `${answer}. ${text}` : text;
    return line(at === 0 ? 'guards' : '', `${mark} ${guard}: ${printable(said)}`);
  });
}

function replicationOf({ replication, stage }: SliceView): string[] {
  if (!replication)
    return [line('stream', stage === 'retired' ? 'none: the slice is retired' : 'the slice has no tables')];
  const lines = [
    line(
      'stream',
      `${replication.state}, ${replication.healthy ? 'healthy' : paint('red', whyUnhealthy(replication), process.stdout)}`,
    ),
    line(
      'lag',
      `${Math.round(replication.lagMs)} ms, ${lagOf(replication)}; applied ${replication.appliedLsn}`,
    ),
  ];
  if (replication.copy && !replication.copied) {
    const { copy } = replication;
    lines.push(line('copy', `${copy.percent.toFixed(1)} %, ${formatCopy(copy)}`));
  }
  if (replication.slot) {
    const { walStatus, retainedBytes, roomBytes } = replication.slot;
    const bound =
      roomBytes === null ? 'no limit is known' : `at ${formatBytes(retainedBytes + roomBytes)} it is lost`;
    lines.push(line('slot', `${walStatus}, keeps ${formatBytes(retainedBytes)} of WAL; ${bound}`));
  }
  if (replication.problem) {
    lines.push(
      line('problem', paint('red', replication.problem.message, process.stdout)),
      line('', replication.problem.remedy),
    );
  }
  return lines;
}

/** The problem has lines of its own: it is not said twice. */
function whyUnhealthy({ reason, problem }: NonNullable<SliceView['replication']>): string {
  const said = reason ?? 'not healthy';
  if (!problem || !said.endsWith(problem.message)) return said;
  return said.slice(0, -problem.message.length).replace(/: $/, '') || 'not healthy';
}

function lagOf({ lagBytes, lagTransactions }: ReplicationView): string {
  const bytes = lagBytes === null ? 'bytes unknown' : counted(lagBytes, 'byte');
  return lagTransactions === null ? bytes : `${bytes}, ${counted(lagTransactions, 'transaction')}`;
}

function verifyOf({ name, tables, verify }: SliceView): string {
  if (tables.length === 0) return 'the slice has no tables';
  if (!verify) return `never run: ficus verify ${name}`;
  if (verify.state === 'running')
    return `running: ${counted(verify.rowsCompared, 'row')} of the legacy compared`;
  if (verify.state === 'failed') return paint('red', verify.problem?.message ?? 'failed', process.stdout);
  const earlier = verify.ofEarlierVersion
    ? `, with version ${printable(verify.version ?? 'unknown')} of the candidate, which has another one now`
    : '';
  return `${describeVerdict(verify)}, ${describeVerifiedRows(verify)}, at ${verify.finishedAt}${earlier}`;
}

function writersOf({ name, writers }: SliceView): string[] {
  // One of an earlier version says nothing of them.
  if (!writers) return [];
  const colour = { pass: 'green', fail: 'red', 'insufficient evidence': undefined } as const;
  const text = writers.observing ? writers.text : `${writers.text}: ficus writers ${name} --observe`;
  const of = colour[writers.answer];
  return [line('writers', of ? paint(of, text, process.stdout) : text)];
}

function shareOf({ traffic }: SliceView): string {
  return (
    traffic.unmeasured ??
    `measured ${traffic.candidateSharePercent} % of ${counted(traffic.measuredRequests, 'request')}`
  );
}

const percentOf = (percent: number | null) => (percent === null ? 'unknown' : `${percent} %`);
const line = (name: string, text: string) => `  ${name.padEnd(10)}${oneLine(text)}`;
const count = (value: number) => value.toLocaleString('en-US');
const bold = (text: string) => paint('bold', text, process.stdout);
const dim = (text: string) => paint('dim', text, process.stdout);
