/** Which processes run an older config than their file, since when, and why. */

import { formatDuration, printable } from '@ficus/core';
import type { OlderConfig } from '../status/ask-running.ts';
import { paint } from './paint.ts';

/** @param now in milliseconds */
export function formatOlderConfig(
  { process: reported, appliedAt, refused, needsRestart }: OlderConfig,
  now: number,
): string {
  // A proxy chooses its name: with a line break in it, the rest could look like another entry.
  const name = printable(reported);
  const mark = paint('red', '✗', process.stdout);
  const running = appliedAt === null ? 'an older config' : `the config of ${appliedAt}`;
  if (refused === null)
    return `\n${mark} ${name} runs ${running}, except ${needsRestart.join(' and ')}: changed, and in effect after a restart`;
  const age = formatDuration(Math.max(0, now - Date.parse(refused.since)));
  const { count, problems, needsRestart: isValid } = refused;
  const more = count - problems.length;
  return [
    `\n${mark} ${name} still runs ${running}: the changed file ${refused.needsRestart ? 'has waited for a restart' : 'has been refused'} since ${refused.since} (${age})`,
    ...problems.map(({ path, message }) => `    ${printable(`${path}: ${message}`)}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
    isValid
      ? `    the file is valid: it takes effect when ${name} is restarted`
      : '    `ficus check` shows the same; a valid file takes effect by itself',
  ].join('\n');
}
