/**
 * Plants each mistake in a copy of the source, runs the tests that must fail for it, and demands that they do:
 *
 *     npm run test:mutants -- [--only NAME]… [--list] [--help]
 *
 * First the same tests run on the unchanged copy, where each must pass.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../parts/named-files.ts';
import { evaluateControl, evaluateMutant, type Verdict } from './evaluate-run.ts';
import { listMutants } from './list-mutants.ts';
import { applyMutant, type Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { runTests } from './run-tests.ts';
import { SourceCopy } from './source-copy.ts';

const HELP = `npm run test:mutants -- [--only NAME]… [--list] [--help]

Each mutant is a small mistake in the source of a cutover, planted in a copy of the repository. The tests that are named for
it must fail there, each by an assertion of its own, and pass in the unchanged copy. The working tree is not touched.

  --only NAME  this mutant alone; may be repeated
  --list       names, what each does wrong, and where its tests are: the table of docs/architecture/cutover-model.md
  --help       this text

Exit status: 0 all caught · 1 one survived, or nothing is known of it · 2 used wrongly · 130 interrupted
`;

/** Each runs a vitest with a worker, and some a PostgreSQL. */
const LANES = Math.min(4, availableParallelism());

interface Result {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  readonly seconds: number;
}

async function main(): Promise<void> {
  const wish = readWish();
  if (typeof wish === 'string') {
    process.stderr.write(`${wish}\n`);
    process.exitCode = 2;
    return;
  }
  const chosen = MUTANTS.filter(({ name }) => wish.only.length === 0 || wish.only.includes(name));
  if (wish.help) process.stdout.write(HELP);
  else if (wish.list) process.stdout.write(listMutants(chosen));
  else if (textsOccur(chosen)) await runInCopies(chosen);
}

/** @returns a sentence about what is wrong with the arguments */
function readWish() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const unknown = values.only.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
    return unknown.length === 0 ? values : `There is no mutant ${unknown.join(', ')}; --list names them.`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Before anything runs: after a refactor some texts may be found no more. */
function textsOccur(mutants: readonly Mutant[]): boolean {
  for (const mutant of mutants)
    try {
      applyMutant(mutant, readFileSync(join(ROOT, mutant.file), 'utf8'));
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
      process.exitCode = 1;
    }
  return process.exitCode !== 1;
}

/** The copies are removed also when it is interrupted. */
async function runInCopies(mutants: readonly Mutant[]): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      process.exitCode = 130;
      interrupted.abort();
    });
  const copies: SourceCopy[] = [];
  try {
    for (let lane = 0; lane < Math.min(LANES, mutants.length); lane += 1)
      copies.push(await SourceCopy.make());
    const results = await runAll(mutants, copies, interrupted.signal);
    if (interrupted.signal.aborted) return;
    summarize(results);
    process.exitCode = results.every(({ verdict }) => verdict.kind === 'caught') ? 0 : 1;
  } finally {
    await Promise.all(copies.map((copy) => copy.remove()));
  }
}

async function runAll(
  mutants: readonly Mutant[],
  copies: readonly SourceCopy[],
  signal: AbortSignal,
): Promise<Result[]> {
  const tests = mutants.flatMap(({ caughtBy }) => caughtBy);
  const control = await runTests(copies[0]!.root, tests, signal);
  const results: Result[] = [];
  const left = [...mutants];
  const work = async (copy: SourceCopy): Promise<void> => {
    for (let mutant = left.shift(); mutant && !signal.aborted; mutant = left.shift()) {
      const begun = performance.now();
      const invalid = evaluateControl(mutant.caughtBy, control);
      const verdict: Verdict = invalid
        ? { kind: 'inconclusive', why: invalid }
        : await runMutant(mutant, copy, signal);
      if (signal.aborted) return;
      const result = { mutant, verdict, seconds: (performance.now() - begun) / 1000 };
      results.push(result);
      process.stderr.write(line(result));
    }
  };
  await Promise.all(copies.map(work));
  return results;
}

async function runMutant(mutant: Mutant, copy: SourceCopy, signal: AbortSignal): Promise<Verdict> {
  const { caughtBy } = mutant;
  const outcomes = await copy.with(mutant, () => runTests(copy.root, caughtBy, signal));
  return evaluateMutant(caughtBy, outcomes);
}

const line = ({ mutant, verdict, seconds }: Result): string =>
  `${verdict.kind.padEnd(12)} ${mutant.name.padEnd(28)} ${seconds.toFixed(1).padStart(5)} s  ${verdict.why.slice(0, 160)}\n`;

/** The last line is what .ci/run adds up. */
function summarize(results: readonly Result[]): void {
  const missed = results.filter(({ verdict }) => verdict.kind !== 'caught');
  const byName = [...results].sort((a, b) => MUTANTS.indexOf(a.mutant) - MUTANTS.indexOf(b.mutant));
  process.stdout.write('\n');
  for (const result of byName) process.stdout.write(line(result));
  for (const { mutant, verdict } of missed)
    process.stdout.write(`failed: ${mutant.name}, ${verdict.kind}: ${mutant.effect}; ${verdict.why}\n`);
  process.stdout.write(`${results.length - missed.length} passed, ${missed.length} failed, 0 skipped\n`);
}

await main();
