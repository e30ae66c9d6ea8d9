/** Command line of `npm run bench:cutover`. */
import { parseArgs } from 'node:util';
import { BOUND_MISSED, readChoice, readCount } from '../command-line.ts';
import { RECIPES } from './peer/recipes.ts';
import type { RunOptions } from './rounds.ts';

export const HELP = `npm run bench:cutover -- [options]

Measures the move of writes from one PostgreSQL database to another and back, in turn, under one load that never stops:
by Ficus, and as teams do it today.

Subjects, one after the other, each on two clusters of its own with the same application and the same load
  ficus   two proxies with two workers each, a control plane with both streams; cutover and rollback by its API
  lag-0   an application that writes through PgBouncer (transaction pooling), PostgreSQL's own logical replication, then
          PAUSE, a wait until pg_stat_replication shows no lag, looked at every 200 ms, as pg_easy_replicate does;
          sequences, RELOAD with the new host, RESUME. Before each change all rows are copied again: there is no way back
  lsn     the same at its best: the wait is for the position of the paused database, looked at every 5 ms

Clients send at fixed rates, open loop, from a process of their own; latency counts from when a request was due. Half of
the writes are inserts and half updates, each with a key; at the end each acknowledged key is looked for on the owner,
and for ficus on the other database as well. Each read looks for its user's own last write. Meanwhile a timer job and a
psql session write directly into the database that owned the writes before.

Options
  --only A,B      only these subjects
  --rounds N      changes of owner by each subject (default 10)
  --writes N      writes a second (default 300)
  --reads N       reads a second (default 1000)
  --addresses N   proxies, or processes of the peer's application, each with an address of its own (default 2)
  --json          one JSON document on stdout, progress on stderr
  --help          this text

Bounds of ficus: pause of writes p95 <= 200 ms; no request failed, no acknowledged write missing on either side or there
twice, no stale read of one's own write; side doors refused by FI001 and by nothing else.
Uses pgbouncer where it is installed; what is missing is listed.
Exit status: 0 all bounds held, ${BOUND_MISSED} a bound was missed, 2 used wrongly, 3 could not be carried out.`;

export const SUBJECTS = ['ficus', ...RECIPES] as const;
export type SubjectName = (typeof SUBJECTS)[number];

export interface BenchOptions extends RunOptions {
  readonly only: readonly SubjectName[];
  readonly addresses: number;
  readonly json: boolean;
}

/** @throws UsageError */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '10' },
      writes: { type: 'string', default: '300' },
      reads: { type: 'string', default: '1000' },
      addresses: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    only: readChoice('subject', SUBJECTS, values.only),
    rounds: readCount('--rounds', values.rounds),
    writesPerSecond: readCount('--writes', values.writes),
    readsPerSecond: readCount('--reads', values.reads),
    addresses: readCount('--addresses', values.addresses),
    json: values.json,
  };
}
