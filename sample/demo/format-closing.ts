/** The closing table, and the verdict under it. */
import { styleText } from 'node:util';
import type { ChangeFigures, DemoFigures, LookUp } from './demo-figures.ts';
import type { Check } from './evaluate-demo.ts';
import { isExhausted } from './machine-load.ts';

type Line = readonly [name: string, value: string];

export function formatClosing(
  figures: DemoFigures,
  checks: readonly Check[],
  stream: NodeJS.WriteStream,
): string {
  const lines = [...linesOfLoad(figures), ...linesOfWrites(figures), ...linesOfData(figures)];
  const width = Math.max(...lines.map(([name]) => name.length));
  const table = lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
  return `\n${table}\n\n${formatVerdict(figures, checks, stream)}\n`;
}

const count = (value: number) => value.toLocaleString('en-US');
const ms = (value: number) => `${count(Math.round(value))} ms`;

function linesOfLoad(figures: DemoFigures): Line[] {
  return [
    [
      'requests',
      `${count(figures.requests)} (${count(figures.writes)} writes, ${count(Math.round(figures.requestsPerSecond))} a second)`,
    ],
    ['failures', count(figures.failures)],
    ...figures.stages.map(
      (stage): Line => [
        `share served by the service, ${stage.stage}`,
        `${stage.measuredPercent} % measured, ${stage.askedPercent} % asked (${count(stage.users)} users)`,
      ],
    ),
    ['users who changed sides while the percentage rose', count(figures.usersMovedBack)],
    [
      'stale reads after a user’s own write',
      `${count(figures.staleReads)} of ${count(figures.readsAfterWrite)} checked`,
    ],
  ];
}

function linesOfWrites({ changes, sideDoor, retired, ending, sliceWrites }: DemoFigures): Line[] {
  const { acknowledged, failed, takenBy, onLegacy, onCandidate } = sliceWrites;
  return [
    ...changes.flatMap(linesOfPause),
    [
      'writes of the slice acknowledged',
      `${count(acknowledged)}, ${count(takenBy.candidate)} of them by the service; ${count(failed)} refused or failed`,
    ],
    [
      'acknowledged writes missing at the monolith',
      describeLookUp(onLegacy, ending === 'retire' ? ' before it was retired' : ''),
    ],
    ['acknowledged writes missing at the service', describeLookUp(onCandidate)],
    ['a write past the proxy after the cutover', describeSideDoor(sideDoor)],
    ...(ending === 'retire' ? [['retired', retired ? 'yes' : 'no'] as const] : []),
  ];
}

function linesOfPause(change: ChangeFigures): Line[] {
  const { operation, isDone, attempts, failures, pauseMs, clients, busyPercent } = change;
  if (!isDone) return [[operation, `not made in ${attempts} attempts: ${failures.at(-1)}`]];
  const busy =
    busyPercent !== null && isExhausted(busyPercent) ? ` (cores ${busyPercent.toFixed(0)} % busy)` : '';
  const held = pauseMs === null ? 'not known' : ms(pauseMs);
  return [
    [
      `pause of writes, ${operation}, by the journal`,
      `${held}${busy}${attempts === 1 ? '' : `; attempt ${attempts}`}`,
    ],
    [
      `pause of writes, ${operation}, as clients saw it`,
      `slowest write ${ms(clients.slowestMs)}, none answered for ${ms(clients.longestGapMs)}`,
    ],
  ];
}

function describeLookUp({ missing, lookedUp, twice }: LookUp, when = ''): string {
  return `${count(missing)} of ${count(lookedUp)} looked up${when}${twice === 0 ? '' : `; ${count(twice)} were made twice`}`;
}

function describeSideDoor(sideDoor: DemoFigures['sideDoor']): string {
  if (sideDoor === null) return 'not tried: there was no cutover';
  return sideDoor.refused ? `refused by the fence (SQLSTATE ${sideDoor.sqlState})` : 'not refused';
}

function linesOfData({ parity, lagMs, rows, seconds }: DemoFigures): Line[] {
  return [
    [
      'answers compared',
      `${count(parity.match)} match, ${count(parity.mismatch)} mismatch, ${count(parity.stale)} stale, ${count(parity.noise)} noise, ${count(parity.inconclusive)} inconclusive`,
    ],
    [
      'replication lag',
      `p50 ${lagMs.p50.toFixed(0)} ms, p99 ${lagMs.p99.toFixed(0)} ms (${count(lagMs.samples)} samples)`,
    ],
    [
      'rows compared on both databases',
      `${count(rows.legacy)} and ${count(rows.candidate)}: ${rows.different === 0 ? 'equal' : `${count(rows.different)} differ`}`,
    ],
    ['time', `${seconds.toFixed(0)} s`],
  ];
}

function formatVerdict(figures: DemoFigures, checks: readonly Check[], stream: NodeJS.WriteStream): string {
  const broken = checks.filter((check) => !check.ok);
  if (broken.length === 0) return styleText('green', '  Every promise held.', { stream });
  const missing = [
    ...figures.sliceWrites.onLegacy.missingKeys,
    ...figures.sliceWrites.onCandidate.missingKeys,
  ];
  return [
    ...broken.map((check) =>
      styleText('red', `  ✗ ${check.name}: ${check.value} ${check.unit}, bound ${check.bound}`, { stream }),
    ),
    ...[...figures.failureSamples, ...missing].map((sample) => `      ${sample}`),
  ].join('\n');
}
