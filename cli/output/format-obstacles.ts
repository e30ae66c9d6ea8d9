/** What a cutover would meet, under a heading of its own: the check itself may be green. */

import type { Finding } from '@ficus/cdc';
import { printable } from '@ficus/core';
import type { SliceObstacles } from '../preflight/find-cutover-obstacles.ts';
import { remedyOf } from '../preflight/name-finding.ts';
import { counted } from './counted.ts';
import { paint } from './paint.ts';

export function formatObstacles(obstacles: readonly SliceObstacles[]): string {
  return obstacles
    .map(({ slice, findings }) =>
      [
        `For a cutover of writes of “${printable(slice)}” (moving reads needs none of this; docs/operations/before-a-cutover.md):`,
        ...findings.filter(isError).map(formatError),
        ...findings.filter((finding) => !isError(finding)).map(formatNotice),
        ...(findings.some(({ severity, remedySql }) => severity === 'warning' && remedySql !== undefined)
          ? [`    ${paint('dim', 'The SQL for these: ficus check --live --json', process.stderr)}`]
          : []),
      ].join('\n'),
    )
    .join('\n');
}

/** `; a cutover of 1 slice would be refused as things are` */
export function summarizeObstacles(obstacles: readonly SliceObstacles[]): string {
  const refused = obstacles.filter(({ findings }) => findings.some(isError));
  return refused.length === 0
    ? ''
    : `; a cutover of ${counted(refused.length, 'slice')} would be refused as things are`;
}

const isError = ({ severity }: Finding): boolean => severity === 'error';

function formatError(finding: Finding): string {
  const { path, message, code } = finding;
  const remedy = remedyOf(finding).split('\n').join('\n    ');
  return `${paint('yellow', '!', process.stderr)} ${printable(`${path}: ${message}`)}\n    ${remedy} ${paint('dim', `(${code})`, process.stderr)}`;
}

const formatNotice = ({ path, message }: Finding): string =>
  `${paint('cyan', '·', process.stderr)} ${printable(`${path}: ${message}`)}`;
