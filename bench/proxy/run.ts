/** `npm run bench:proxy`: the proxy beside its peers. See bench-options.ts for the manual. */
import { availableParallelism } from 'node:os';
import { BOUND_MISSED, reportFailure } from '../command-line.ts';
import { formatChecks, newReport } from '../report.ts';
import { startBackend } from './backend.ts';
import type { BenchContext } from './bench-context.ts';
import { HELP, readOptions, type Scenario } from './bench-options.ts';
import { stopAll } from './running-process.ts';
import { bodies } from './scenarios/bodies.ts';
import { latency } from './scenarios/latency.ts';
import { log } from './scenarios/log.ts';
import { routes } from './scenarios/routes.ts';
import { shadow } from './scenarios/shadow.ts';
import { throughput } from './scenarios/throughput.ts';
import { workers } from './scenarios/workers.ts';

const RUNS: Readonly<Record<Scenario, (context: BenchContext) => Promise<void>>> = {
  throughput,
  bodies,
  routes,
  workers,
  latency,
  log,
  shadow,
};

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const severalCores = availableParallelism() > 1;
  const [proxyCore, otherCore] = severalCores ? [0, 1] : [undefined, undefined];
  const report = newReport();
  const backend = await startBackend(otherCore);
  const say = (line: string): void => console.error(line);
  report.figures.run = {
    backend: backend.kind,
    rounds: options.rounds,
    seconds: options.seconds,
    node: process.version,
  };
  try {
    for (const scenario of options.only) {
      await RUNS[scenario]({ options, report, backend, proxyCore, otherCore, say });
    }
  } finally {
    await stopAll();
    await backend.stop();
  }
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else console.log(`\n${formatChecks(report)}\n${report.ok ? 'All bounds held.' : 'A bound was missed.'}`);
  return report.ok ? 0 : BOUND_MISSED;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(130)));
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = reportFailure(error);
}
