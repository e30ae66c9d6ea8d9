/**
 * `npm start`: the whole sample in one terminal — PostgreSQL, the monolith, the service, Ficus — until Ctrl-C.
 * State stays under .ficus/sample, so that the next start is quick and finds what was done.
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bringUp, type Sample } from './whole/bring-up.ts';
import { explainFailure } from './whole/explain-failure.ts';
import { formatWelcome } from './whole/format-welcome.ts';
import { untilInterrupted } from './whole/until-interrupted.ts';

const HELP = `npm start [-- --scale N] [--fresh] [--bug]

Brings up the sample: a shop (the monolith), its notifications service, and Ficus between them and the browser.

  --scale N   size of the shop's data when it is seeded; 1 is about 20,000 customers (default 1)
  --fresh     forget the state of earlier starts
  --bug       plant a fault in the service, for a look at how it is found
  --directory DIR   where state and logs live (default .ficus/sample)
  --help      this text

Ports, from the environment (0 asks for a free one):
  FICUS_PROXY_PORT 8080     FICUS_CONTROL_PORT 8081     FICUS_POSTGRES_PORT 0
  FICUS_MONOLITH_PORT 0     FICUS_NOTIFICATIONS_PORT 0

FICUS_POSTGRES_BINARIES names the bin folder of a PostgreSQL to use in place of the embedded one.

Ctrl-C stops all of it.`;

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    fresh: { type: 'boolean', default: false },
    bug: { type: 'boolean', default: false },
    directory: { type: 'string', default: join(import.meta.dirname, '..', '.ficus', 'sample') },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
} else {
  process.exitCode = await start();
}

async function start(): Promise<number> {
  const scale = Number(values.scale);
  const directory = resolve(values.directory);
  if (!(scale > 0 && scale <= 100)) {
    console.error('error: --scale takes a number above 0, up to 100');
    return 2;
  }
  // Only what the sample made: the directory may be somebody's.
  for (const name of values.fresh ? ['postgres', 'logs', 'ficus.yaml'] : []) {
    await rm(join(directory, name), { recursive: true, force: true });
  }
  const interrupted = untilInterrupted();
  let sample: Sample;
  try {
    const port = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
    sample = await bringUp(
      {
        directory,
        scale,
        plantedBug: values.bug,
        proxyPort: port('FICUS_PROXY_PORT', 8080),
        controlPort: port('FICUS_CONTROL_PORT', 8081),
        monolithPort: port('FICUS_MONOLITH_PORT', 0),
        servicePort: port('FICUS_NOTIFICATIONS_PORT', 0),
        postgresPort: port('FICUS_POSTGRES_PORT', 0),
        onStep: (step) => console.log(`· ${step}`),
      },
      interrupted.signal,
    );
  } catch (error) {
    return explainFailure(error, interrupted.signal);
  }
  console.log(formatWelcome(sample));
  const end = await Promise.race([interrupted.promise.then(() => undefined), sample.brokeDown]);
  console.log(end ?? '\nstopping');
  await sample.stop();
  return end ? 3 : 0;
}
