/** Command line of `npm run bench:cdc`. */
import { parseArgs } from 'node:util';
import { BOUND_MISSED, readCheckout, readChoice, readCount } from '../command-line.ts';

export const SCENARIOS = [
  'backlog',
  'distinct',
  'copy',
  'large',
  'lag',
  'barrier',
  'fence',
  'decoder',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

export const HELP = `npm run bench:cdc -- [options]

Measures the change stream beside PostgreSQL's own tools, on two clusters of its own with the same settings.
Correctness is asserted before any figure counts: both sides must be equal.

  backlog   ${'300,000'} small transactions over 200,000 keys, caught up by native logical replication (one worker) and by
            ours, in alternating order on the same backlog. Bound: 1.5 × native. Also CPU of all processes per
            transaction, which holds still when other load on the machine makes rates jump
  distinct  the same with a new key in each transaction: nothing to gain by merging. Bound: 1.0 × native
  copy      the first copy beside psql COPY | COPY. Bound: 0.7 ×. Then verify in rows/s
  large     one transaction of 1,000,000 rows. Bound: resident memory grows by less than 200 MB
  lag       commit to visible at 2,000 transactions a second, p50 and p99
  barrier   commit of a message on the source until a cutover that waits for it is woken, durable on the target: idle, and
            beside 300 transactions a second, p50, p95 and the worst of 100
  fence     microseconds that a statement takes longer on a fenced table; from a turn of the fence until its barrier is durable,
            beside 300 transactions a second of two statements each, p50, p95 and the worst of 200
  decoder   the decoder alone, in rows/s

Options
  --only A,B            only these scenarios
  --rounds N            rounds of backlog, distinct and copy (default 5)
  --transactions N      transactions of a backlog (default 300000)
  --before DIR          another checkout of this repository, installed: its engine takes the same backlogs in the same
                        rounds. Bound: ours costs at most 1.03 × its CPU. With 15 rounds and more, to see such differences
  --json                one JSON document on stdout, progress on stderr
  --help                this text

Exit status: 0 all bounds held, ${BOUND_MISSED} a bound was missed, 2 used wrongly, 3 could not be carried out.`;

export interface BenchOptions {
  readonly only: readonly Scenario[];
  readonly rounds: number;
  readonly transactions: number;
  readonly before: string | undefined;
  readonly json: boolean;
}

/** @throws UsageError */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      transactions: { type: 'string', default: '300000' },
      before: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    only: readChoice('scenario', SCENARIOS, values.only),
    rounds: readCount('--rounds', values.rounds),
    transactions: readCount('--transactions', values.transactions),
    before: values.before === undefined ? undefined : readCheckout(values.before, 'cdc'),
    json: values.json,
  };
}
