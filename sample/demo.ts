/**
 * `npm run demo`: the main job end to end. Migrates the shop's notifications under real HTTP load — legacy, shadow,
 * canary, live, and back — and checks Ficus's promises. Exits 0 only if every one of them held.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '@ficus/tools';
import { evaluateDemo } from './demo/demo-figures.ts';
import { formatClosing } from './demo/format-closing.ts';
import { formatMismatch } from './demo/format-mismatch.ts';
import { type LoadProcess, startLoad } from './demo/load-process.ts';
import { watchMachine } from './demo/machine-load.ts';
import { type MigrationResult, runMigration } from './demo/migration.ts';
import { createScreen, type Screen } from './demo/screen.ts';
import { connectSlice } from './demo/slice-control.ts';
import { bringUp, type Sample } from './whole/bring-up.ts';
import { describeFailure, reportFailure } from './whole/explain-failure.ts';
import { parseOptions, refuseUsage } from './whole/parse-options.ts';
import { untilInterrupted } from './whole/until-interrupted.ts';

/**
 * The whole shop, Ficus and the load share one machine. At this rate its cores are not exhausted even in the shadow
 * stage, in which the machine does everything twice while the service is still cold.
 */
const ACTIONS_PER_CORE = 60;
const MOST_ACTIONS = 200;

const HELP = `npm run demo [-- --bug] [-- --json]

Migrates a slice of a living shop to a new service under real HTTP load, and back, and shows that nothing was lost.
It brings its own PostgreSQL, monolith, service and Ficus, on free ports, and takes less than two minutes. All of them
and the load share this machine: times followed by '(cores N % busy)' are the machine's.

  --bug           plant a fault in the service: the demo stops before traffic moves, shows the difference, exits 1
  --json          the closing figures, or what went wrong, as one JSON document on standard output
  --seconds N     how long each stage is watched (default 12)
  --users N       logged-in users (default 1000); the share of a few hundred is too coarse for its bound of 5 points
  --rate N        actions a second; an action is one to three requests (default ${ACTIONS_PER_CORE} for each core, at most ${MOST_ACTIONS})
  --scale N       size of the shop; 1 is about 20,000 customers and 500,000 notifications (default 0.2)
  --keep          keep state and logs under .ficus/
  --help          this text

Exit status: 0 every promise held · 1 one did not, or the answers differ · 2 used wrongly · 3 could not be carried out`;

const values = parseOptions({
  bug: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '12' },
  users: { type: 'string', default: '1000' },
  rate: {
    type: 'string',
    default: String(Math.min(MOST_ACTIONS, ACTIONS_PER_CORE * availableParallelism())),
  },
  scale: { type: 'string', default: '0.2' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});

interface DemoSettings {
  readonly bug: boolean;
  readonly json: boolean;
  readonly seconds: number;
  readonly users: number;
  readonly rate: number;
  readonly scale: number;
  readonly keep: boolean;
}

if (values.help) {
  console.log(HELP);
} else {
  const settings = {
    ...values,
    seconds: Number(values.seconds),
    users: Number(values.users),
    rate: Number(values.rate),
    scale: Number(values.scale),
  };
  process.exitCode = isSane(settings) ? await demo(settings) : 2;
}

function isSane(settings: DemoSettings): boolean {
  const bounds = { seconds: [1, 60], users: [10, 10_000], rate: [1, 2000], scale: [0.01, 10] } as const;
  for (const [name, [low, high]] of Object.entries(bounds)) {
    const value = settings[name as keyof typeof bounds];
    const fits = name === 'users' ? Number.isInteger(value) : true;
    if (fits && value >= low && value <= high) continue;
    refuseUsage(
      `--${name} takes a ${name === 'users' ? 'whole number' : 'number'} from ${low} to ${high}.`,
      settings.json,
    );
    return false;
  }
  return true;
}

async function demo(settings: DemoSettings): Promise<number> {
  const screen = createScreen(settings.json ? process.stderr : process.stdout);
  const interrupted = untilInterrupted(screen.end);
  // Without a reader there is nothing left to show.
  process.stdout.on('error', () => interrupted.interrupt('its output has no reader'));
  process.stderr.on('error', () => undefined);
  let directory: string | undefined;
  let sample: Sample | undefined;
  let load: LoadProcess | undefined;
  try {
    directory = await makeOwnDirectory();
    sample = await bringUpShop(directory, settings, screen, interrupted.signal);
    const control = connectSlice(sample.controlUrl, 'notifications');
    await control.untilStreaming((text) => screen.live(text), interrupted.signal);
    load = await startLoad(
      { url: sample.proxyUrl, users: settings.users, actionsPerSecond: settings.rate, concurrency: 64 },
      (done, of) => screen.live(`${done} of ${of} users logged in`),
    );
    screen.say(
      `${settings.users} users are logged in, with ${settings.rate} actions a second; the dashboard is ${sample.controlUrl}`,
    );
    const result = await Promise.race([
      runMigration({
        control,
        load,
        screen,
        machine: watchMachine(),
        seconds: settings.seconds,
        signal: interrupted.signal,
      }),
      sample.brokeDown.then((sentence) => Promise.reject(new Error(sentence))),
      load.brokeDown,
    ]);
    return report(result, settings);
  } catch (error) {
    screen.end();
    return reportFailure(describeFailure(error, interrupted.signal), settings.json);
  } finally {
    load?.kill();
    await sample?.stop();
    if (directory && !settings.keep) await rm(directory, { recursive: true, force: true });
  }
}

/** A separate directory: a demo finds nothing of the previous one and leaves nothing to the next. */
async function makeOwnDirectory(): Promise<string> {
  const parent = join(import.meta.dirname, '..', '.ficus');
  await makeDirectory(parent);
  return mkdtemp(join(parent, 'demo-'));
}

async function bringUpShop(
  directory: string,
  settings: DemoSettings,
  screen: Screen,
  signal: AbortSignal,
): Promise<Sample> {
  screen.heading('starting the shop');
  return bringUp(
    {
      directory,
      scale: settings.scale,
      plantedBug: settings.bug,
      proxyPort: 0,
      controlPort: 0,
      monolithPort: 0,
      servicePort: 0,
      postgresPort: 0,
      onStep: (step) => screen.live(step),
    },
    signal,
  );
}

function report(result: MigrationResult, settings: DemoSettings): number {
  if (result.kind === 'mismatch') {
    const { count, sample } = result;
    if (settings.json) {
      const checks = [{ name: 'mismatches', value: count, unit: 'comparisons', bound: '= 0', ok: false }];
      process.stdout.write(
        `${JSON.stringify({ ok: false, checks, figures: { mismatch: sample } }, null, 2)}\n`,
      );
    } else {
      process.stdout.write(formatMismatch(sample, count, process.stdout));
    }
    return 1;
  }
  const checks = evaluateDemo(result.figures);
  const ok = checks.every((check) => check.ok);
  if (settings.json)
    process.stdout.write(`${JSON.stringify({ ok, checks, figures: result.figures }, null, 2)}\n`);
  else process.stdout.write(formatClosing(result.figures, checks, process.stdout));
  return ok ? 0 : 1;
}
