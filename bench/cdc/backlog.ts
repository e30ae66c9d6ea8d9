/**
 * Catching up with a backlog of small transactions: native logical replication (one worker), ours and, where asked for,
 * the engine of another checkout, one after the other on the same backlog, each as often after any other. All begin with slots at
 * the same position and equal tables, and are timed from the start command until the last transaction's row is on the
 * target.
 */
import { join } from 'node:path';
import type pg from 'pg';
import { connect, dropSlots, freshDatabase, type Stage, until } from '../stage.ts';
import { median } from '../statistics.ts';
import { type Contestant, type CpuSplit, engineOf, nativeReplication, type Turn } from './contestants.ts';

interface BacklogOptions {
  readonly transactions: number;
  readonly rounds: number;
  /** Keys that the transactions touch at random; 0: a new key per transaction. */
  readonly keys: number;
  /** Folder of another checkout whose engine takes part, too. */
  readonly before: string | undefined;
  readonly log: (line: string) => void;
}

export interface BacklogFigures {
  /** Ours over native replication, in transactions per second. */
  readonly ratio: number;
  /** Native replication's CPU time over ours. */
  readonly cpuRatio: number;
  readonly native: Figures;
  readonly ours: Figures;
  readonly before?: Figures & Comparison;
}

interface Figures {
  /** Transactions per second, round by round, and the middle one. */
  readonly rounds: readonly number[];
  readonly perSecond: number;
  /** User and system time of all processes that took part, per transaction; holds still when rates do not. */
  readonly cpuUs: number;
  readonly cpuSplitUs: CpuSplit;
}

interface Comparison {
  /** Ours over the other checkout's, in transactions per second and in CPU time per transaction. */
  readonly rateOursToIt: number;
  readonly cpuOursToIt: number;
}

const TABLE = `CREATE TABLE account (
  id bigint PRIMARY KEY, version integer NOT NULL, amount numeric(12,2) NOT NULL, note text NOT NULL,
  changed_at timestamptz NOT NULL)`;
const MARKER = -1;
const TIMEOUT_MS = 300_000;

export async function measureBacklog(stage: Stage, options: BacklogOptions): Promise<BacklogFigures> {
  const source = await freshDatabase(stage.source, 'backlog');
  const contestants: Contestant[] = [];
  try {
    await source.query(`${TABLE}; ${WRITER}`);
    if (options.keys > 0)
      await source.query(
        `INSERT INTO account SELECT id, 0, id, 'row ' || id, now() FROM generate_series(1, $1::int / 2) id`,
        [options.keys],
      );
    contestants.push(await nativeReplication(stage, source, 'backlog', TABLE));
    contestants.push(await engineOf(import.meta.dirname, 'ours', stage, source, 'backlog', TABLE));
    if (options.before !== undefined) {
      const programs = join(options.before, 'bench/cdc');
      contestants.push(await engineOf(programs, 'before', stage, source, 'backlog', TABLE));
    }
    for (const contestant of contestants) await contestant.copyFirst();
    const turns = await runRounds(stage, options, source, contestants);
    return compare(turns, options.transactions);
  } finally {
    for (const contestant of contestants) await contestant.end().catch(() => undefined);
    await source.end();
    await dropSlots(stage, 'backlog');
    await stage.source.dropDatabase('backlog');
    for (const { database } of contestants) await stage.target.dropDatabase(database);
  }
}

type Turns = Readonly<Record<string, Turn[]>>;

async function runRounds(
  stage: Stage,
  options: BacklogOptions,
  source: pg.Client,
  contestants: readonly Contestant[],
): Promise<Turns> {
  const turns = Object.fromEntries(contestants.map(({ name }): [string, Turn[]] => [name, []]));
  await sendMarker(source, 0);
  for (const contestant of contestants) await contestant.catchUp(() => hasMarker(contestant.target, 0));
  for (let round = 1; round <= options.rounds; round++) {
    await slotsIdle(source);
    await writeBacklog(stage, options, round);
    await sendMarker(source, round);
    for (const client of [source, ...contestants.map(({ target }) => target)])
      await client.query('CHECKPOINT');
    for (const contestant of orderOf(contestants, round)) {
      turns[contestant.name]!.push(await contestant.catchUp(() => hasMarker(contestant.target, round)));
    }
    await assertEqual(source, contestants);
    const lines = contestants.map(({ name }) =>
      describeTurn(name, turns[name]!.at(-1)!, options.transactions),
    );
    options.log(`round ${round}: ${lines.join('; ')}`);
  }
  return turns;
}

/**
 * Who runs first changes each round, and who runs after whom each time that all were first: one that always followed
 * native replication would inherit what that left to write.
 */
function orderOf(contestants: readonly Contestant[], round: number): readonly Contestant[] {
  const first = round % contestants.length;
  const rotated = [...contestants.slice(first), ...contestants.slice(0, first)];
  return Math.floor(round / contestants.length) % 2 === 0 ? rotated : rotated.toReversed();
}

function compare(turns: Turns, transactions: number): BacklogFigures {
  const { native, ours, before } = turns as { native: Turn[]; ours: Turn[]; before?: Turn[] };
  const rateRatio = (other: readonly Turn[]) => middle(ours, (turn, at) => other[at]!.ms / turn.ms);
  const cpuRatio = (other: readonly Turn[]) =>
    middle(ours, (turn, at) => sum(turn.cpuMs) / sum(other[at]!.cpuMs));
  return {
    ratio: rateRatio(native),
    cpuRatio: 1 / cpuRatio(native),
    native: figuresOf(native, transactions),
    ours: figuresOf(ours, transactions),
    ...(before && {
      before: {
        ...figuresOf(before, transactions),
        rateOursToIt: rateRatio(before),
        cpuOursToIt: cpuRatio(before),
      },
    }),
  };
}

function figuresOf(turns: readonly Turn[], transactions: number): Figures {
  const us = (pick: (cpu: CpuSplit) => number) =>
    Math.round((middle(turns, ({ cpuMs }) => pick(cpuMs)) * 100_000) / transactions) / 100;
  const rounds = turns.map(({ ms }) => perSecond(ms, transactions));
  return {
    rounds,
    perSecond: median(rounds),
    cpuUs: us(sum),
    cpuSplitUs: {
      source: us((cpu) => cpu.source),
      engine: us((cpu) => cpu.engine),
      target: us((cpu) => cpu.target),
    },
  };
}

function middle<T>(values: readonly T[], pick: (value: T, at: number) => number): number {
  return median(values.map(pick));
}

function perSecond(ms: number, transactions: number): number {
  return Math.round((transactions / ms) * 1000);
}

function sum({ source, engine, target }: CpuSplit): number {
  return source + engine + target;
}

function describeTurn(name: string, { ms, cpuMs }: Turn, transactions: number): string {
  const parts = [cpuMs.source, cpuMs.engine, cpuMs.target].map((part) => Math.round(part)).join(' + ');
  return `${name} ${perSecond(ms, transactions)}/s, CPU ${Math.round(sum(cpuMs))} ms (${parts})`;
}

// One commit per row, in a loop inside the server; several sessions interleave their transactions.
const WRITER = `CREATE PROCEDURE write_backlog(round int, part int, parts int, transactions int, keys int)
LANGUAGE plpgsql AS $body$
DECLARE key bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', false);
  PERFORM setseed(part::float8 / parts);
  FOR i IN 1..transactions / parts LOOP
    IF keys = 0 THEN
      INSERT INTO account VALUES (round::bigint * 100000000 + i * parts + part, round, i, 'row ' || i, clock_timestamp());
    ELSE
      key := 1 + floor(random() * keys);
      INSERT INTO account AS a VALUES (key, round, i, 'row ' || i, clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET version = a.version + 1, amount = a.amount + 1, note = excluded.note, changed_at = excluded.changed_at;
    END IF;
    COMMIT;
  END LOOP;
END $body$`;

async function writeBacklog(stage: Stage, options: BacklogOptions, round: number): Promise<void> {
  const parts = 2;
  await Promise.all(
    Array.from({ length: parts }, async (_, part) => {
      const client = await connect(stage.source.url('backlog'));
      try {
        await client.query(
          `CALL write_backlog(${round}, ${part}, ${parts}, ${options.transactions}, ${options.keys})`,
        );
      } finally {
        await client.end();
      }
    }),
  );
}

async function sendMarker(source: pg.Client, round: number): Promise<void> {
  await source.query(
    `INSERT INTO account VALUES ($1, $2, 0, 'marker', now()) ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
    [MARKER, round],
  );
}

async function hasMarker(target: pg.Client, round: number): Promise<void> {
  await until(
    async () =>
      (await target.query('SELECT 1 FROM account WHERE id = $1 AND version = $2', [MARKER, round]))
        .rowCount === 1,
    TIMEOUT_MS,
    'the last transaction on the target',
  );
}

async function slotsIdle(source: pg.Client): Promise<void> {
  await until(
    async () =>
      (
        await source.query(
          'SELECT 1 FROM pg_replication_slots WHERE active AND database = current_database()',
        )
      ).rowCount === 0,
    TIMEOUT_MS,
    'slots to be free',
  );
}

async function assertEqual(source: pg.Client, contestants: readonly Contestant[]): Promise<void> {
  const query = `SELECT count(*)::text AS rows, sum(hashtextextended(a::text, 0))::text AS hash FROM account a`;
  const answers = await Promise.all(
    [source, ...contestants.map(({ target }) => target)].map(async (client) =>
      JSON.stringify((await client.query(query)).rows[0]),
    ),
  );
  if (new Set(answers).size !== 1) throw new Error(`the databases differ: ${answers.join(' ')}`);
}
