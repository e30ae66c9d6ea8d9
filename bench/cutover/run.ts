/** `npm run bench:cutover`: how long clients wait while writes move by Ficus, and as teams move them today. */
import { exitStatus, reportFailure } from '../command-line.ts';
import { formatChecks, newReport, notMeasured, type Report } from '../report.ts';
import { type BenchOptions, HELP, readOptions, type SubjectName } from './bench-options.ts';
import { checkLoad, checkPromises } from './check-run.ts';
import { formatRuns, formatSteps } from './format-runs.ts';
import { Ours } from './ours/ours.ts';
import { Peer } from './peer/peer.ts';
import { hasPgBouncer, NO_PGBOUNCER } from './peer/pgbouncer.ts';
import { RECIPE } from './peer/recipes.ts';
import { runRounds } from './rounds.ts';
import type { Subject } from './subject.ts';
import { type RunFigures, summarizeRun } from './summarize-run.ts';

/** Ended by a signal as well. */
let running: Subject | undefined;

const log = (line: string): void => console.error(line);

const WORKERS = 2;

async function measure(
  subject: Subject,
  options: BenchOptions,
  report: Report,
  runs: Record<string, RunFigures>,
): Promise<RunFigures> {
  running = subject;
  try {
    const figures = summarizeRun(await runRounds(subject, options, log));
    runs[subject.name] = figures;
    report.figures[subject.name] = figures;
    checkLoad(report, subject.name, figures, options);
    return figures;
  } finally {
    await subject.stop();
  }
}

async function measureNamed(
  name: SubjectName,
  options: BenchOptions,
  report: Report,
  runs: Record<string, RunFigures>,
): Promise<void> {
  if (name === 'ficus') {
    const ours = new Ours({ proxies: options.addresses, workers: WORKERS, log });
    checkPromises(report, ours.name, await measure(ours, options, report, runs));
  } else if (hasPgBouncer()) {
    const peer = new Peer(name, options.addresses);
    report.figures[peer.name] = {
      waitsAs: RECIPE[name].source,
      ...(await measure(peer, options, report, runs)),
    };
  } else notMeasured(report, `pgbouncer ${name}: writes`, '/s', 'as asked for', NO_PGBOUNCER);
}

const tablesOf = (runs: Readonly<Record<string, RunFigures>>): string[] =>
  Object.keys(runs).length === 0
    ? []
    : [formatRuns(runs), ...Object.entries(runs).map(([name, figures]) => formatSteps(name, figures))];

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const report = newReport();
  const runs: Record<string, RunFigures> = {};
  for (const name of options.only) await measureNamed(name, options, report, runs);
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else console.log([...tablesOf(runs), formatChecks(report)].join('\n\n'));
  return exitStatus(report);
}

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true;
    void Promise.resolve(running?.stop()).finally(() => process.exit(130));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  // What was under way fails when its databases end.
  if (!interrupted) process.exitCode = reportFailure(error);
}
