/**
 * The way to PostgreSQL for all modules: rows of a named, prepared statement. Each of the service's writes is one
 * statement, so there are no transactions to open.
 *
 * A statement's name is what the server prepares it under, and what its tracing span is called.
 * bigint ids arrive as numbers: they are far below 2^53.
 */
import pg from 'pg';

const INT8 = 20;
const TIME = 1083;

/** Runs around each statement; tracing hangs in here. */
export type StatementWrapper = <T>(name: string, text: string, run: () => Promise<T>) => Promise<T>;

export interface Database {
  /** All rows of the statement. */
  rows<Row extends object>(name: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Its first row, if there is one. */
  row<Row extends object>(name: string, text: string, values?: readonly unknown[]): Promise<Row | undefined>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly wrap: StatementWrapper;
  /** A connection in the pool failed while nobody used it. */
  readonly onIdleError: (error: Error) => void;
}

export function openDatabase({ url, poolSize, wrap, onIdleError }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'notifications',
    connectionTimeoutMillis: 5000,
    statement_timeout: 15_000,
    types: serviceTypes(),
  });
  pool.on('error', onIdleError);

  const rows = async <Row extends object>(name: string, text: string, values: readonly unknown[] = []) => {
    const run = () => pool.query<Row>({ name, text, values: [...values] });
    return (await wrap(name, text, run)).rows;
  };
  return {
    rows,
    row: async <Row extends object>(name: string, text: string, values: readonly unknown[] = []) =>
      (await rows<Row>(name, text, values))[0],
    close: () => pool.end(),
  };
}

function serviceTypes(): pg.CustomTypesConfig {
  return {
    getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
      if (oid === INT8) return Number;
      if (oid === TIME) return (text: string) => text.slice(0, 5);
      return pg.types.getTypeParser(oid, format);
    }) as typeof pg.types.getTypeParser,
  };
}
