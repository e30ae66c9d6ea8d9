/**
 * `npm start`: the whole sample in one terminal — PostgreSQL, the monolith, the service, Ficus — until Ctrl-C.
 * State stays under .ficus/sample, so that the next start is quick and continues with the same data.
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isCluster, makeDirectory, stopLeftover } from '@ficus/tools';
import { bringUp, type Sample } from './whole/bring-up.ts';
import { describeFailure, reportFailure } from './whole/explain-failure.ts';
import { formatFarewell, formatWelcome } from './whole/format-welcome.ts';
import { parseOptions, refuseUsage } from './whole/parse-options.ts';
import { readPorts } from './whole/read-ports.ts';
import { untilInterrupted } from './whole/until-interrupted.ts';
import { requireOwnConfig } from './whole/write-config.ts';

const HELP = `npm start [-- --scale N] [--fresh] [--bug]

Brings up the sample: a shop (the monolith), its notifications service, and Ficus between them and the browser.

  --scale N   size of the shop's data when it is seeded; 1 is about 20,000 customers (default 1)
  --fresh     forget the state of earlier starts
  --bug       plant a fault in the service, to see how it is found
  --directory DIR   where state and logs live (default .ficus/sample)
  --help      this text

Ports, from the environment (0 takes a free one):
  FICUS_PROXY_PORT 8080     FICUS_CONTROL_PORT 8081     FICUS_POSTGRES_PORT 0
  FICUS_MONOLITH_PORT 0     FICUS_NOTIFICATIONS_PORT 0

FICUS_POSTGRES_BINARIES names the bin folder of a PostgreSQL to use in place of the embedded one.

Ctrl-C stops all of it. The data stays in the directory until you delete it; the last lines say how.`;

const LOGS = ['monolith', 'notifications', 'ficus'].map((name) => join('logs', `${name}.log`));

const values = parseOptions({
  scale: { type: 'string', default: '1' },
  fresh: { type: 'boolean', default: false },
  bug: { type: 'boolean', default: false },
  directory: { type: 'string', default: join(import.meta.dirname, '..', '.ficus', 'sample') },
  help: { type: 'boolean', default: false },
});

if (values.help) {
  console.log(HELP);
} else {
  process.exitCode = await start();
}

async function start(): Promise<number> {
  const scale = Number(values.scale);
  if (!values.directory) return refuseUsage('--directory takes a directory.');
  const directory = resolve(values.directory);
  if (!(scale > 0 && scale <= 100)) return refuseUsage('--scale takes a number above 0, up to 100.');
  const interrupted = untilInterrupted();
  let sample: Sample;
  try {
    const ports = await readPorts(process.env);
    await makeDirectory(directory);
    await requireOwnConfig(directory);
    if (values.fresh) await forget(directory);
    sample = await bringUp(
      {
        directory,
        scale,
        plantedBug: values.bug,
        ...ports,
        onStep: (step) => console.log(`· ${step}`),
      },
      interrupted.signal,
    );
  } catch (error) {
    return reportFailure(describeFailure(error, interrupted.signal));
  }
  console.log(formatWelcome(sample));
  const end = await Promise.race([interrupted.promise.then(() => undefined), sample.brokeDown]);
  if (end) console.log(end);
  await sample.stop();
  console.log(formatFarewell(directory));
  return end ? 3 : 0;
}

/** Only the sample's own files: the directory may hold others. Not while a sample runs in it. */
async function forget(directory: string): Promise<void> {
  const cluster = join(directory, 'postgres');
  await stopLeftover(cluster);
  for (const file of ['ficus.yaml', 'postgres.log', ...LOGS])
    await rm(join(directory, file), { force: true });
  // Any other folder of this name is not the sample's, and starting the cluster refuses it.
  if (await isCluster(cluster)) await rm(cluster, { recursive: true, force: true });
}
