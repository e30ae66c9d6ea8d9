import { FicusError } from '@ficus/core';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { OutageLog } from './outage-log.ts';

const away = new FicusError('FICUS_DATABASE_UNREACHABLE', 'The database is away.');
const held = new FicusError('FICUS_CONTROL_ALREADY_RUNNING', 'Another one holds it.');

function play() {
  const lines: unknown[] = [];
  const write = (line: string) => {
    const { msg, seconds, reason } = JSON.parse(line) as Record<string, unknown>;
    lines.push([msg, seconds, reason].filter((part) => part !== undefined));
  };
  return { log: new OutageLog(pino({}, { write }), 'a database'), lines };
}

test('an outage of two and a half minutes is four lines, though each half second is tried', () => {
  const { log, lines } = play();
  log.lost(new Error('ended'), 1_000);
  for (let now = 1_500; now < 151_000; now += 500) log.stillAway(away, now);
  log.back(151_000);
  expect(lines).toEqual([
    ['control database lost'],
    ['control database still unreachable', 60, String(away)],
    ['control database still unreachable', 120, String(away)],
    ['control database connected again', 150],
  ]);
});

test('that another control plane has taken the lock is said at once, and the next outage begins again', () => {
  const { log, lines } = play();
  log.lost(undefined, 0);
  log.stillAway(away, 500);
  for (const now of [1_000, 1_500, 2_000]) log.stillAway(held, now);
  log.back(2_500);
  log.lost(undefined, 3_000);
  log.stillAway(away, 3_500);
  log.back(4_000);
  expect(lines).toEqual([
    ['control database lost'],
    ['control database still unreachable', 1, String(held)],
    ['control database connected again', 2.5],
    ['control database lost'],
    ['control database connected again', 1],
  ]);
});
