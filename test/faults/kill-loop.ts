/**
 * The kill loop, as a command:
 *
 *     npm run kill-loop -- --rounds 200 --seed 1 [--json]
 *     npm run kill-loop -- --mutants [--rounds 10]            each planted fault has to be found
 *
 * Random overlapping transactions over every column type; in each round the engine is killed at a named failpoint or at
 * random, connections are cut or stalled, servers are killed and restarted. Then an independent oracle and verify
 * compare both sides. Ends with a line of figures; exit 1 when anything was lost or duplicated.
 */
import { parseArgs } from 'node:util';
import { describeFault, planRound } from './fault-plan.ts';
import { FaultRig, type RoundResult, StreamStoppedError } from './fault-rig.ts';
import { MUTANTS, type Mutant } from './mutants.ts';
import { Random } from './random.ts';

interface LoopOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly onRound?: (line: string) => void;
}

interface LoopResult {
  readonly rounds: number;
  readonly seed: number;
  readonly lost: number;
  readonly doubled: number;
  readonly committed: number;
  readonly rowsCompared: number;
  readonly deaths: number;
  /** New copies, because PostgreSQL could not decode its own WAL. */
  readonly undecodable: number;
  readonly durationMs: number;
  /** The first loss or duplicate, and its round. */
  readonly examples: readonly string[];
}

/** Runs the loop. @throws StreamStoppedError when a round does not come to rest */
export async function runKillLoop(options: LoopOptions): Promise<LoopResult> {
  const started = performance.now();
  const random = new Random(options.seed);
  const bench = await FaultRig.open();
  const totals = { lost: 0, doubled: 0, committed: 0, rowsCompared: 0, deaths: 0, undecodable: 0 };
  const examples: string[] = [];
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      const plan = planRound(round, random.fork());
      const begun = performance.now();
      const faults = [...(plan.fresh ? ['new copy'] : []), ...plan.faults.map(describeFault)].join(', ');
      const result = await bench.round(plan, random.fork()).catch((cause: unknown) => {
        throw new Error(`round ${round + 1} (seed ${options.seed}): ${faults}`, { cause });
      });
      add(totals, result);
      for (const finding of describeFindings(result))
        if (examples.length < 10) examples.push(`round ${round + 1}: ${finding}`);
      options.onRound?.(
        `round ${round + 1}/${options.rounds}: ${faults}; ${result.committed} transactions, ${result.lost.length} lost, ` +
          `${result.doubled.length} doubled, ${Math.round(performance.now() - begun)} ms`,
      );
    }
  } finally {
    await bench.close();
  }
  const durationMs = Math.round(performance.now() - started);
  return { rounds: options.rounds, seed: options.seed, ...totals, durationMs, examples };
}

function add(
  totals: Record<'lost' | 'doubled' | 'committed' | 'rowsCompared' | 'deaths' | 'undecodable', number>,
  round: RoundResult,
): void {
  totals.lost += round.lost.length;
  totals.doubled += round.doubled.length;
  totals.committed += round.committed;
  totals.rowsCompared += round.rows;
  totals.deaths += round.deaths;
  totals.undecodable += round.undecodable;
}

function describeFindings(result: RoundResult): string[] {
  return [...result.lost.map((row) => `lost ${row}`), ...result.doubled.map((row) => `doubled ${row}`)];
}

interface MutantResult {
  readonly name: string;
  readonly effect: string;
  readonly caught: boolean;
  readonly rounds: number;
  /** What exposed it. */
  readonly evidence: string | undefined;
}

/** Plants each fault in the engine in turn and runs until the oracle, or the engine's own guard, has detected it. */
export async function runMutants(
  seed: number,
  mostRounds: number,
  onResult: (result: MutantResult) => void = () => undefined,
): Promise<MutantResult[]> {
  const results: MutantResult[] = [];
  const random = new Random(seed);
  const bench = await FaultRig.open();
  try {
    for (const mutant of MUTANTS) {
      await bench.mutate(mutant.name);
      const result = await runMutant(bench, mutant, random.fork(), mostRounds);
      results.push(result);
      onResult(result);
    }
    return results;
  } finally {
    await bench.close();
  }
}

async function runMutant(
  bench: FaultRig,
  mutant: Mutant,
  random: Random,
  mostRounds: number,
): Promise<MutantResult> {
  const { name, effect } = mutant;
  for (let round = 1; round <= mostRounds; round += 1) {
    const fresh = round === 1;
    const plan = { fresh, faults: fresh ? [] : mutant.faults, busyMs: 300 };
    try {
      const [evidence] = describeFindings(await bench.round(plan, random.fork()));
      if (evidence !== undefined) return { name, effect, caught: true, rounds: round, evidence };
    } catch (error) {
      if (!(error instanceof StreamStoppedError)) throw error;
      return { name, effect, caught: true, rounds: round, evidence: error.message };
    }
  }
  return { name, effect, caught: false, rounds: mostRounds, evidence: undefined };
}

const HELP = `npm run kill-loop -- [--rounds N] [--seed N] [--json]
npm run kill-loop -- --mutants [--rounds N]

A random load on two PostgreSQL clusters while the engine between them is killed at named points and by chance, its
connections are cut and the databases restarted. After each round both sides are compared through the mapping, a sum
must be conserved, and each key's version must be the last committed one. A round takes two to five seconds.

  --rounds N   how many (default 20); with --mutants, the most for each fault
  --seed N     the same seed plans the same rounds
  --mutants    plants faults in the engine instead, each of which has to be found
  --json       one document on standard output

Exit status: 0 nothing lost or doubled (each fault found) · 1 otherwise · 2 used wrongly
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Date.now() % 100_000) },
      mutants: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
  if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
    process.stderr.write('--rounds must be 1 or more, --seed a whole number.\n');
    process.exitCode = 2;
    return;
  }
  const document = values.mutants ? await proveOracle(rounds, seed) : await loop(rounds, seed);
  process.stdout.write(values.json ? `${JSON.stringify(document, null, 2)}\n` : `${document.figures.line}\n`);
  process.exitCode = document.ok ? 0 : 1;
}

async function loop(rounds: number, seed: number) {
  const result = await runKillLoop({ rounds, seed, onRound: (line) => process.stderr.write(`${line}\n`) });
  for (const example of result.examples) process.stderr.write(`${example}\n`);
  const line =
    `${rounds} rounds (seed ${seed}): ${result.lost} lost, ${result.doubled} doubled; ${result.committed} transactions, ` +
    `${result.deaths} deaths of the engine, ${result.undecodable} slots that PostgreSQL could not decode, ` +
    `${result.rowsCompared} rows compared, ${Math.round(result.durationMs / 1000)} s`;
  const checks = [
    { name: 'rows lost', value: result.lost, unit: 'rows', bound: 0, ok: result.lost === 0 },
    { name: 'rows doubled', value: result.doubled, unit: 'rows', bound: 0, ok: result.doubled === 0 },
  ];
  return { ok: checks.every((check) => check.ok), checks, figures: { line, ...result } };
}

async function proveOracle(mostRounds: number, seed: number) {
  const results = await runMutants(seed, mostRounds, ({ name, caught, rounds, evidence = '' }) => {
    process.stderr.write(
      `${caught ? 'caught' : 'NOT CAUGHT'} ${name} in round ${rounds}: ${evidence.slice(0, 200)}\n`,
    );
  });
  const caught = results.filter((result) => result.caught).length;
  const line = `${caught} of ${MUTANTS.length} mutants caught`;
  const checks = results.map(({ name, caught: ok, rounds }) => ({
    name,
    value: rounds,
    unit: 'rounds',
    bound: mostRounds,
    ok,
  }));
  return { ok: caught === MUTANTS.length, checks, figures: { line, results } };
}

if (import.meta.main) await main();
