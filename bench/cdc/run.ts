/** `npm run bench:cdc`: the change stream beside PostgreSQL's own tools. See bench-options.ts for the manual. */
import { spawnSync } from 'node:child_process';
import { BOUND_MISSED, reportFailure } from '../command-line.ts';
import { atLeast, atMost, below, formatChecks, newReport, notMeasured, type Report } from '../report.ts';
import { openStage, type Stage } from '../stage.ts';
import { type BacklogFigures, measureBacklog } from './backlog.ts';
import { measureBarrier } from './barrier.ts';
import { type BenchOptions, HELP, readOptions, type Scenario } from './bench-options.ts';
import { measureCopy } from './copy-rate.ts';
import { measureDecoder } from './decoder-rate.ts';
import { measureFence } from './fence-cost.ts';
import { measureLarge } from './large-transaction.ts';
import { measureLag } from './steady-lag.ts';

const COPY_ROWS = 500_000;
const LARGE_ROWS = 1_000_000;
/** Rounds are alike without autovacuum. */
const QUIET = { autovacuum: 'off' };

type Run = (stage: Stage, options: BenchOptions, report: Report) => Promise<void>;

const log = (line: string): void => console.error(line);

const RUNS: Readonly<Record<Scenario, Run>> = {
  async backlog(stage, options, report) {
    const figures = await measureBacklog(stage, { ...options, keys: 200_000, log });
    report.figures.backlog = figures;
    atLeast(report, 'backlog over 200,000 keys, ours / native', figures.ratio, '×', 1.5);
    besideBefore(report, 'backlog over 200,000 keys', figures);
  },
  async distinct(stage, options, report) {
    const figures = await measureBacklog(stage, { ...options, keys: 0, log });
    report.figures.distinct = figures;
    atLeast(report, 'backlog of distinct keys, ours / native', figures.ratio, '×', 1.0);
    besideBefore(report, 'backlog of distinct keys', figures);
  },
  async copy(stage, { rounds }, report) {
    const name = 'first copy, ours / psql COPY | COPY';
    if (spawnSync('psql', ['--version'], { stdio: 'ignore' }).status !== 0)
      return notMeasured(report, name, '×', '>= 0.7', 'psql is not installed');
    const figures = await measureCopy(stage, COPY_ROWS, rounds, log);
    report.figures.copy = figures;
    atLeast(report, name, figures.ratio, '×', 0.7);
  },
  async large(stage, _options, report) {
    const figures = await measureLarge(stage, LARGE_ROWS);
    report.figures.large = figures;
    below(report, 'memory growth over one transaction of 1,000,000 rows', figures.growthMb, 'MB', 200);
  },
  async lag(stage, _options, report) {
    report.figures.lag = await measureLag(stage, 2_000, 10);
  },
  async barrier(stage, _options, report) {
    report.figures.barrier = await measureBarrier(stage, 100, 300);
  },
  async fence(stage, { rounds }, report) {
    report.figures.fence = await measureFence(stage, rounds, 200);
  },
  async decoder(_stage, _options, report) {
    report.figures.decoder = measureDecoder(300_000, 5);
  },
};

function besideBefore(report: Report, what: string, { before }: BacklogFigures): void {
  if (before !== undefined) atMost(report, `${what}, CPU, ours / before`, before.cpuOursToIt, '×', 1.03);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const report = newReport();
  const stage = await openStage('bench-cdc', QUIET);
  try {
    for (const scenario of options.only) {
      log(`— ${scenario}`);
      await RUNS[scenario](stage, options, report);
    }
  } finally {
    await stage.close();
  }
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else console.log(`${formatChecks(report)}\n${JSON.stringify(report.figures, null, 2)}`);
  return report.ok ? 0 : BOUND_MISSED;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = reportFailure(error);
}
