/** Separate databases for tests of the sample: a seeded shop, and a service's filled through the mapping. */
import { applySchema as applyShopSchema, seed } from '@ficus-sample/legacy-monolith';
import { applySchema as applyServiceSchema } from '@ficus-sample/notifications';
import pg from 'pg';
import { createEmptyDatabase } from '../parts/empty-database.ts';
import { fillThroughMapping } from './fill-through-mapping.ts';

export interface SampleDatabase extends AsyncDisposable {
  readonly url: string;
  /** Rows of any statement. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export const SCALE = 0.01;

/** A shop with 200 customers, 2,000 orders and 5,000 notifications. */
export async function seededShop(port: number): Promise<SampleDatabase> {
  const database = await createDatabase(port, 'shop');
  await applyShopSchema(database.url);
  await seed(database.url, { scale: SCALE });
  return database;
}

/** The service's database, filled with the shop's rows. */
export async function mappedService(port: number, shop: SampleDatabase): Promise<SampleDatabase> {
  const database = await createDatabase(port, 'notifications');
  await applyServiceSchema(database.url);
  await fillThroughMapping(shop, database);
  // Copied rows have the monolith's ids; what the service writes by itself comes after them.
  await database.query(
    "SELECT setval(pg_get_serial_sequence('notification', 'id'), (SELECT max(id) FROM notification))",
  );
  return database;
}

/** An empty database with a unique name; dropped when disposed. */
export async function createDatabase(port: number, purpose: string): Promise<SampleDatabase> {
  const { url, drop } = await createEmptyDatabase(port, `sample_${purpose}`);
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  return {
    url,
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    [Symbol.asyncDispose]: async () => {
      await pool.end();
      await drop();
    },
  };
}

/** Blocks every write to `table` until it is disposed. */
export async function lockTable(database: SampleDatabase, table: string): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table} IN SHARE MODE`);
  let held = true;
  return {
    [Symbol.asyncDispose]: async () => {
      if (held) await client.end();
      held = false;
    },
  };
}
