/**
 * The way to PostgreSQL for all modules: rows of a named, prepared statement, and transactions.
 *
 * A statement's name is what the server prepares it under, and what its tracing span is called.
 * bigint ids arrive as numbers (the samples' are far below 2^53), numeric as text, so that no cent is lost.
 */
import pg from 'pg';

const INT8 = 20;
const TIME = 1083;

/** Runs around each statement; tracing plugs in here. */
export type StatementWrapper = <T>(name: string, text: string, run: () => Promise<T>) => Promise<T>;

export interface Statements {
  /** All rows of the statement. */
  rows<Row extends object>(name: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Its first row, if there is one. */
  row<Row extends object>(name: string, text: string, values?: readonly unknown[]): Promise<Row | undefined>;
}

export interface Database extends Statements {
  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface DatabaseOptions {
  readonly url: string;
  /** The program's name in `pg_stat_activity`. */
  readonly applicationName: string;
  readonly poolSize: number;
  readonly wrap: StatementWrapper;
  /** An idle connection of the pool failed. */
  readonly onIdleError: (error: Error) => void;
}

export function openDatabase({
  url,
  applicationName,
  poolSize,
  wrap,
  onIdleError,
}: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    application_name: applicationName,
    connectionTimeoutMillis: 5000,
    statement_timeout: 15_000,
    types: columnTypes(),
  });
  pool.on('error', onIdleError);

  const statementsOn = (runner: pg.Pool | pg.PoolClient): Statements => {
    const rows = async <Row extends object>(name: string, text: string, values: readonly unknown[] = []) => {
      const run = () => runner.query<Row>({ name, text, values: [...values] });
      return (await wrap(name, text, run)).rows;
    };
    return {
      rows,
      row: async <Row extends object>(name: string, text: string, values: readonly unknown[] = []) =>
        (await rows<Row>(name, text, values))[0],
    };
  };

  return {
    ...statementsOn(pool),
    transaction: async (work) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await work(statementsOn(client));
        await client.query('COMMIT');
        client.release();
        return result;
      } catch (error) {
        // A connection that cannot roll back is closed, not reused.
        await client.query('ROLLBACK').then(
          () => client.release(),
          (broken: Error) => client.release(broken),
        );
        throw error;
      }
    },
    close: () => pool.end(),
  };
}

function columnTypes(): pg.CustomTypesConfig {
  return {
    getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
      if (oid === INT8) return Number;
      if (oid === TIME) return (text: string) => text.slice(0, 5);
      return pg.types.getTypeParser(oid, format);
    }) as typeof pg.types.getTypeParser,
  };
}
