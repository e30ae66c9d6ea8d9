/** Runs named tests of a copy of the repository in a vitest of its own, and reads what became of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcomes } from './evaluate-run.ts';
import type { NamedTest } from './mutant.ts';

/** A mutant may run in circles. */
const LONGEST_MS = 180_000;

/** @param signal ends the run */
export async function runTests(
  root: string,
  tests: readonly NamedTest[],
  signal: AbortSignal,
): Promise<Outcomes> {
  const report = join(root, '.ficus', 'mutant-outcomes.json');
  await mkdir(dirname(report), { recursive: true });
  await rm(report, { force: true });
  const printed = await runVitest(root, argumentsOf(tests), report, signal);
  return readFile(report, 'utf8').then(
    (text) => JSON.parse(text) as Outcomes,
    () => ({ tests: [], outside: [{ isAssertion: false, message: lastLine(printed) }] }),
  );
}

function argumentsOf(tests: readonly NamedTest[]): string[] {
  const files = [...new Set(tests.map(({ file }) => file))];
  const projects = [...new Set(files.map(projectOf))].flatMap((name) => ['--project', name]);
  const names = [...new Set(tests.map(({ test }) => escapePattern(test)))].join('|');
  return [...projects, ...files, '--testNamePattern', `^(?:${names})$`];
}

/** By the suffix of the file, as in vitest.config.ts. */
function projectOf(file: string): string {
  return /\.(http|pg|e2e|timed)\.test\.ts$/.exec(file)?.[1] ?? 'unit';
}

/** @returns what it printed */
async function runVitest(
  root: string,
  args: readonly string[],
  report: string,
  signal: AbortSignal,
): Promise<string> {
  const vitest = spawn(
    process.execPath,
    [
      ...[join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args],
      ...['--reporter', './test/mutants/outcome-reporter.ts'],
    ],
    {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', FICUS_MUTANT_OUTCOMES: report },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: a worker in an endless loop outlives its parent.
      detached: true,
    },
  );
  let printed = '';
  for (const stream of [vitest.stdout, vitest.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk;
    });
  const ended = new Promise<void>((resolve) => vitest.on('close', () => resolve()));
  const end = () => void endGroup(vitest);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]);
  limit.addEventListener('abort', end);
  if (limit.aborted) end();
  await ended;
  limit.removeEventListener('abort', end);
  return limit.aborted ? 'the run took too long' : printed;
}

/** Its databases stop when its pipes close, as they should; what is left after a while is killed. */
async function endGroup(vitest: ChildProcess): Promise<void> {
  const { pid } = vitest;
  if (pid === undefined) return;
  vitest.kill('SIGKILL');
  for (let left = 50; left > 0 && signalGroup(pid, 0); left -= 1) await sleep(100);
  signalGroup(pid, 'SIGKILL');
}

/** False when it has no process any more. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
