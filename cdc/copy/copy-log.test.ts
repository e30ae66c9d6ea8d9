import { pino } from 'pino';
import { expect, test } from 'vitest';
import { CopyLog } from './copy-log.ts';
import type { CopyTask } from './copy-task.ts';

const taskOf = (name: string, over: Partial<CopyTask> = {}) =>
  ({
    plan: { target: { qualifiedName: name } },
    ...{ rowsCopied: 0, rowsTotal: 1000, done: false },
    ...over,
  }) as CopyTask;

function play() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => {
    const { level, time, pid, hostname, ...facts } = JSON.parse(line);
    lines.push(facts);
  };
  const progress = { rowsCopied: 1500, rowsTotal: 2000, rowsPerSecond: 50, done: false };
  return { log: new CopyLog(pino({}, { write }), () => progress), lines };
}

test('the copy of each table begins and ends, with its rows and seconds', () => {
  const { log, lines } = play();
  const [a, b] = [taskOf('public.a'), taskOf('public.b', { rowsCopied: 300 })];
  log.begins(a, 1_000);
  log.begins(b, 1_000);
  a.rowsCopied = 990;
  log.moved(2_000);
  a.done = true;
  log.moved(3_540);
  log.moved(3_600);
  expect(lines).toEqual([
    { msg: 'copy begins', table: 'public.a', rowsTotal: 1000 },
    { msg: 'copy continues', table: 'public.b', rowsCopied: 300, rowsTotal: 1000 },
    { msg: 'copy ends', table: 'public.a', rows: 990, seconds: 2.5 },
  ]);
});

test('while it runs, the whole copy is said every 30 seconds, and no longer once it has ended', () => {
  const { log, lines } = play();
  const a = taskOf('public.a');
  log.begins(a, 0);
  for (let now = 0; now <= 65_000; now += 100) log.moved(now);
  const runs = { msg: 'copy runs', tables: ['public.a'], percent: 75, rowsCopied: 1500, rowsTotal: 2000 };
  expect(lines.slice(1)).toEqual([
    { ...runs, rowsPerSecond: 50 },
    { ...runs, rowsPerSecond: 50 },
  ]);
  a.done = true;
  for (let now = 66_000; now <= 130_000; now += 100) log.moved(now);
  expect(lines.slice(3).map(({ msg }) => msg)).toEqual(['copy ends']);
});
