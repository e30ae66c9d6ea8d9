/** The shop's seed: the same on every machine, whole, and a state the shop can continue from. */

import { applySchema, isSeeded, SCHEMA_VERSION, schemaVersion, seed } from '@ficus-sample/legacy-monolith';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createDatabase, type SampleDatabase, SCALE, seededShop } from '../../contract/sample-databases.ts';

const TABLES = [
  'customers',
  'categories',
  'products',
  'stock',
  'carts',
  'cart_items',
  'orders',
  'order_items',
  'payments',
  'notifications',
  'notification_preferences',
];

async function count(shop: SampleDatabase, condition: string): Promise<number> {
  const [row] = await shop.query<{ count: string }>(`SELECT count(*) FROM ${condition}`);
  return Number(row?.count);
}

/** One digest per table, over its rows as text. */
async function digests(shop: SampleDatabase): Promise<Record<string, string>> {
  const entries = TABLES.map(async (table) => {
    const [row] = await shop.query<{ digest: string }>(
      `SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) AS digest FROM ${table} t`,
    );
    return [table, row?.digest] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
}

describe('seed', () => {
  let shop: SampleDatabase;
  beforeAll(async () => {
    shop = await seededShop(inject('postgresPort'));
  });
  afterAll(async () => {
    await shop?.[Symbol.asyncDispose]();
  });

  it('is the same again: in another database, in another time zone, and over an older seed', async () => {
    await using other = await createDatabase(inject('postgresPort'), 'again');
    await applySchema(other.url);
    await seed(other.url, { scale: SCALE * 2 });
    const url = `${other.url}?options=${encodeURIComponent('-c TimeZone=Pacific/Auckland')}`;
    await seed(url, { scale: SCALE });
    expect(await digests(other)).toEqual(await digests(shop));
  });

  it('has the promised numbers of rows', async () => {
    expect(await count(shop, 'customers')).toBe(200);
    expect(await count(shop, 'orders')).toBe(2000);
    expect(await count(shop, 'notifications')).toBe(5000);
  });

  it('reports progress that only grows', async () => {
    await using other = await createDatabase(inject('postgresPort'), 'progress');
    await applySchema(other.url);
    const shares: number[] = [];
    await seed(other.url, { scale: 0.001, onProgress: (_step, done) => shares.push(done) });
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it('adds up: order totals, payments and digests', async () => {
    const wrong = `
      orders JOIN (SELECT order_id, sum(quantity * unit_price) AS total FROM order_items GROUP BY 1) lines
        ON lines.order_id = orders.id AND lines.total <> orders.total`;
    expect(await count(shop, wrong)).toBe(0);
    expect(await count(shop, 'orders WHERE id NOT IN (SELECT order_id FROM order_items)')).toBe(0);
    expect(await count(shop, `payments JOIN orders ON orders.id = order_id WHERE amount <> total`)).toBe(0);
    expect(await count(shop, `notifications WHERE digest <> sha256(convert_to(payload::text, 'UTF8'))`)).toBe(
      0,
    );
  });

  it('holds the old rows that the mapping has to cope with', async () => {
    expect(await count(shop, 'notifications WHERE is_read AND read_date IS NULL')).toBeGreaterThan(100);
    expect(await count(shop, 'notifications WHERE NOT is_read AND read_date IS NOT NULL')).toBe(0);
    expect(
      await count(shop, 'customers WHERE id NOT IN (SELECT customer_id FROM notification_preferences)'),
    ).toBe(50);
  });

  it('restores keys, indexes and triggers, and the sequences continue', async () => {
    await using empty = await createDatabase(inject('postgresPort'), 'empty');
    await applySchema(empty.url);
    const shape = `
      SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`;
    expect(await shop.query(shape)).toEqual(await empty.query(shape));
    const [order] = await shop.query<{ id: string }>(
      `INSERT INTO orders (customer_id, total, shipping_address) VALUES (1, 10, '{}') RETURNING id`,
    );
    expect(order?.id).toBe('2001');
    const asked = await shop.query('SELECT kind, order_id FROM notification_requests');
    expect(asked).toEqual([{ kind: 'order_placed', order_id: '2001' }]);
    const [drawn] = await shop.query<{ id: string }>("SELECT nextval('notifications_id_seq') AS id");
    expect(drawn?.id).toBe('5001');
  });

  it('refuses a scale that makes no sense', async () => {
    for (const scale of [0, -1, Number.NaN, 1000])
      await expect(seed(shop.url, { scale })).rejects.toThrow(RangeError);
  });
});

describe('schema', () => {
  it('is applied once, however many processes try at once', async () => {
    await using empty = await createDatabase(inject('postgresPort'), 'race');
    expect(await schemaVersion(empty.url)).toBe(0);
    expect(await isSeeded(empty.url)).toBe(false);
    const results = await Promise.all([1, 2, 3, 4].map(() => applySchema(empty.url)));
    expect(results.filter(({ from }) => from === 0)).toHaveLength(1);
    expect(await schemaVersion(empty.url)).toBe(SCHEMA_VERSION);
    expect(await isSeeded(empty.url)).toBe(false);
    await seed(empty.url, { scale: 0.001 });
    expect(await isSeeded(empty.url)).toBe(true);
  });
});
