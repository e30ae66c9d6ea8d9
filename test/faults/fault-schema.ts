/**
 * Tables of the fault tests, and a mapping that uses every feature: rename, expression, constant, condition, split,
 * user-defined enums, one table that must be applied in order, one with every type.
 */
import type pg from 'pg';
import { NO_VALUES, TYPE_SAMPLES } from '../integration/cdc/types/type-samples.ts';

const ACCOUNTS = 120;
/** What all balances add up to, at every moment, on both sides. */
export const TOTAL = ACCOUNTS * 1000;

export interface AnyTypeColumn {
  readonly name: string;
  readonly type: string;
  /** SQL expressions that this server accepts. */
  readonly values: readonly string[];
}

/** Columns of every type that the server allows in a table, with values for it. */
export async function anyTypeColumns(client: pg.Client): Promise<AnyTypeColumn[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT typname AS name FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
        AND typisdefined AND NOT (typcategory = 'A' AND typname LIKE '\\_%') AND oid < 16384 ORDER BY typname`,
  );
  const columns: AnyTypeColumn[] = [];
  for (const { name } of rows) {
    if (NO_VALUES.has(name)) continue;
    const type = `pg_catalog."${name}"`;
    const values: string[] = [];
    for (const sample of TYPE_SAMPLES[name] ?? []) {
      const value = `${sample}::${type}`;
      const taken = await client.query(`SELECT ${value}`).then(
        () => true,
        () => false,
      );
      if (taken) values.push(value);
    }
    if (values.length > 0) columns.push({ name: `c_${name}`, type, values });
  }
  return columns;
}

function anyTypeTable(columns: readonly AnyTypeColumn[]): string {
  const arrays = ['integer[]', 'text[]', 'numeric[]', 'timestamptz[]'].map((type, at) => `a${at} ${type}`);
  const list = [...columns.map(({ name, type }) => `${name} ${type}`), ...arrays].join(', ');
  return `CREATE TABLE anything (id int PRIMARY KEY, big text, ${list});
    ALTER TABLE anything ALTER big SET STORAGE EXTERNAL;`;
}

export function sourceSchema(columns: readonly AnyTypeColumn[]): string {
  return `
    CREATE TYPE account_state AS ENUM ('open', 'frozen', 'dormant');
    CREATE TABLE accounts (id int PRIMARY KEY, uid int NOT NULL UNIQUE, owner text NOT NULL, balance numeric(14,2) NOT NULL,
      version int NOT NULL, state account_state NOT NULL, big text);
    ALTER TABLE accounts ALTER big SET STORAGE EXTERNAL;
    CREATE TABLE events (id bigserial PRIMARY KEY, account int NOT NULL, version int NOT NULL, note text);
    ALTER TABLE events REPLICA IDENTITY FULL;
    CREATE TABLE seats (id int PRIMARY KEY, place int NOT NULL UNIQUE);
    CREATE TABLE scratch (id int PRIMARY KEY, v text);
    -- The first and the last statement of every transaction.
    CREATE TABLE brackets (id bigserial PRIMARY KEY, around text NOT NULL);
    ${anyTypeTable(columns)}
    INSERT INTO accounts SELECT n, n, 'owner ' || n, 1000, 0, 'open', repeat(md5(n::text), 200)
      FROM generate_series(1, ${ACCOUNTS}) AS n;
    INSERT INTO seats SELECT n, n FROM generate_series(1, 40) AS n;`;
}

export function targetSchema(columns: readonly AnyTypeColumn[]): string {
  return `
    CREATE TYPE wallet_state AS ENUM ('dormant', 'open', 'frozen', 'new');
    CREATE TABLE wallets (wallet_id int PRIMARY KEY, uid bigint NOT NULL, holder text NOT NULL, cents bigint NOT NULL,
      version int NOT NULL, state wallet_state NOT NULL, big text, origin text NOT NULL);
    CREATE TABLE rich (id int PRIMARY KEY, balance numeric NOT NULL);
    CREATE TABLE event_log (id bigint PRIMARY KEY, account int NOT NULL, version int NOT NULL, note text);
    -- Upserts are the same done twice. What counts each touch of a row, also by a replicating session, is not.
    CREATE TABLE event_hits (id bigint NOT NULL, note text);
    CREATE FUNCTION count_hit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO event_hits VALUES (NEW.id, NEW.note); RETURN NULL; END $$;
    CREATE TRIGGER count_hit AFTER INSERT OR UPDATE ON event_log FOR EACH ROW EXECUTE FUNCTION count_hit();
    ALTER TABLE event_log ENABLE ALWAYS TRIGGER count_hit;
    CREATE TABLE seats (id int PRIMARY KEY, place int NOT NULL UNIQUE);
    CREATE TABLE scratch (id int PRIMARY KEY, v text);
    -- Which transaction wrote a row says long afterwards what came together; no look in passing is sure to see it.
    CREATE TABLE brackets (id bigint PRIMARY KEY, around text NOT NULL, writer xid8 NOT NULL DEFAULT pg_current_xact_id());
    ${anyTypeTable(columns)}`;
}

export const FAULT_TABLES = [
  {
    from: 'accounts',
    to: 'wallets',
    columns: {
      wallet_id: 'id',
      uid: 'uid',
      holder: { sql: 'upper(owner)', from: ['owner'] },
      cents: { sql: '(balance * 100)::bigint', from: ['balance'] },
      version: 'version',
      state: 'state',
      big: 'big',
      origin: { constant: 'legacy' },
    },
  },
  { from: 'accounts', to: 'rich', rows: 'balance > 1000', columns: { id: 'id', balance: 'balance' } },
  {
    from: 'events',
    to: 'event_log',
    columns: { id: 'id', account: 'account', version: 'version', note: 'note' },
  },
  { from: 'seats', to: 'seats' },
  { from: 'scratch', to: 'scratch' },
  { from: 'brackets', to: 'brackets', columns: { id: 'id', around: 'around' } },
  { from: 'anything', to: 'anything' },
] as const;

export const TARGET_TABLES = [
  'wallets',
  'rich',
  'event_log',
  'event_hits',
  'seats',
  'scratch',
  'brackets',
  'anything',
];
