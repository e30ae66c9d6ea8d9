/** The closing table, and the verdict under it. */
import { styleText } from 'node:util';
import type { Check, DemoFigures } from './demo-figures.ts';

export function formatClosing(
  figures: DemoFigures,
  checks: readonly Check[],
  stream: NodeJS.WriteStream,
): string {
  const { parity, lagMs, rows } = figures;
  const count = (value: number) => value.toLocaleString('en-US');
  const shares = figures.stages.map((stage): [string, string] => [
    `share served by the service, ${stage.stage}`,
    `${stage.measuredPercent} % measured, ${stage.askedPercent} % asked (${count(stage.users)} users)`,
  ]);
  const lines: [string, string][] = [
    [
      'requests',
      `${count(figures.requests)} (${count(figures.writes)} writes, ${count(Math.round(figures.requestsPerSecond))} a second)`,
    ],
    ['failures', count(figures.failures)],
    ...shares,
    ['users who changed sides while the percentage rose', count(figures.usersMovedBack)],
    [
      'stale reads after a user’s own write',
      `${count(figures.staleReads)} of ${count(figures.readsAfterWrite)} checked`,
    ],
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
    ['time', `${figures.seconds.toFixed(0)} s`],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const table = lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
  const broken = checks.filter((check) => !check.ok);
  const verdict =
    broken.length === 0
      ? styleText('green', '  Every promise held.', { stream })
      : broken
          .map((check) =>
            styleText('red', `  ✗ ${check.name}: ${check.value} ${check.unit}, bound ${check.bound}`, {
              stream,
            }),
          )
          .concat(figures.failureSamples.map((sample) => `      ${sample}`))
          .join('\n');
  return `\n${table}\n\n${verdict}\n`;
}
