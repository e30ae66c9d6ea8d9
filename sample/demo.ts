/**
 * `npm run demo`: the main job end to end. Migrates the shop's notifications under real HTTP load — legacy, shadow,
 * canary, live, cutover of writes, and back — and checks Ficus's promises. Exits 0 only if every one of them held.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectory } from '@ficus/tools';
import type { DemoRun } from './demo/demo-run.ts';
import { evaluateDemo } from './demo/evaluate-demo.ts';
import { runFicus } from './demo/ficus-command.ts';
import { foldNotes } from './demo/fold-notes.ts';
import { formatClosing } from './demo/format-closing.ts';
import { formatMismatch } from './demo/format-mismatch.ts';
import { type LoadProcess, startLoad } from './demo/load-process.ts';
import { watchMachine } from './demo/machine-load.ts';
import { type MigrationResult, runMigration } from './demo/migration.ts';
import { createScreen, type Screen } from './demo/screen.ts';
import { connectSlice } from './demo/slice-control.ts';
import { unlessAborted } from './demo/unless-aborted.ts';
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

/** As long as the end of a process may take to be known on a busy machine. */
const NEWS_MS = 2_000;

const HELP = `npm run demo [-- --retire] [-- --bug] [-- --json]

Migrates a slice of a living shop to a new service under real HTTP load, first its reads, then its writes, and back, and
shows that nothing was lost. It brings its own PostgreSQL, monolith, service and Ficus, on free ports, and takes less than
two and a half minutes. All of them and the load share this machine: times followed by '(cores N % busy)' are the machine's.

  --retire        after the cutover of writes, retire the slice in place of rolling back: the service keeps it for good
  --bug           plant a fault in the service: the demo stops before traffic moves, shows the difference, exits 1
  --json          the closing figures, or what went wrong, as one JSON document on standard output
  --seconds N     how long each stage is watched (default 12)
  --users N       logged-in users (default 1000); the share of a few hundred is too coarse for its bound of 5 points
  --rate N        actions a second; an action is one to four requests (default ${ACTIONS_PER_CORE} for each core, at most ${MOST_ACTIONS})
  --scale N       size of the shop; 1 is about 20,000 customers and 500,000 notifications (default 0.2)
  --keep          keep state and logs under .ficus/
  --help          this text

Exit status: 0 every promise held · 1 one did not, or the answers differ · 2 used wrongly · 3 could not be carried out`;

const values = parseOptions({
  bug: { type: 'boolean', default: false },
  retire: { type: 'boolean', default: false },
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
  readonly retire: boolean;
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
  // Whatever works with a part ends with it.
  const broken = new AbortController();
  const signal = AbortSignal.any([interrupted.signal, broken.signal]);
  let directory: string | undefined;
  let sample: Sample | undefined;
  let load: LoadProcess | undefined;
  let isWhole = true;
  try {
    directory = await makeOwnDirectory();
    sample = await bringUpShop(directory, settings, screen, interrupted.signal);
    void sample.brokeDown.then((sentence) => broken.abort(new Error(sentence)));
    const control = connectSlice(sample.controlUrl, 'notifications');
    await control.untilStreaming((text) => screen.live(text), signal);
    // A cutover wants to know who else writes, for some time: it is observed from the beginning.
    await control.observeWriters();
    load = await startLoad(
      { url: sample.proxyUrl, users: settings.users, actionsPerSecond: settings.rate, concurrency: 64 },
      (done, of) => screen.live(`${done} of ${of} users logged in`),
      signal,
    );
    load.brokeDown.catch((error: unknown) => broken.abort(error));
    screen.say(
      `${settings.users} users are logged in, with ${settings.rate} actions a second; the dashboard is ${sample.controlUrl}`,
    );
    const migration = runMigration(
      {
        ...{ control, load, screen, databases: sample.databases, machine: watchMachine() },
        ...{ seconds: settings.seconds, signal },
        ficus: commandOf(sample.configFile, settings, screen, signal),
      },
      settings.retire ? 'retire' : 'rollback',
    );
    return report(await unlessAborted(migration, signal), settings);
  } catch (error) {
    screen.end();
    isWhole = interrupted.signal.aborted;
    const cause = isWhole ? error : await causeOf(error, broken.signal);
    return reportFailure(describeFailure(cause, interrupted.signal), settings.json);
  } finally {
    broken.abort();
    load?.kill();
    await (isWhole ? sample?.stop() : sample?.kill());
    // A server that was killed may still be leaving its files.
    if (directory && !settings.keep) await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** A call fails before it is known that the part which it called has ended. */
async function causeOf(error: unknown, broken: AbortSignal): Promise<unknown> {
  await sleep(NEWS_MS, undefined, { signal: broken }).catch(() => undefined);
  return broken.aborted ? broken.reason : error;
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

/** The command's lines are shown below the demo's own. */
function commandOf(
  configFile: string,
  { json }: DemoSettings,
  screen: Screen,
  signal: AbortSignal,
): DemoRun['ficus'] {
  const stream = json ? process.stderr : process.stdout;
  const coloured = stream.isTTY && !process.env.NO_COLOR;
  return async (...args) => {
    const folded = foldNotes((line) => screen.say(`    ${line}`));
    const status = await runFicus(args, { configFile, coloured, onLine: folded.line, signal });
    folded.end();
    return status;
  };
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
