/** The demo's audit finds a write in either database by its key, and misses one that is not there as it was made. */
import { applySchema as applyShopSchema } from '@ficus-sample/legacy-monolith';
import { applySchema as applyNotificationsSchema } from '@ficus-sample/notifications';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { findWrites } from '../../../sample/demo/find-writes.ts';
import { markKey, orderKey, preferencesKey } from '../../../sample/load/write-keys.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../../parts/empty-database.ts';

/** The same rows, in each side's words: 1 is read, 2 is not; 3 is of order 70, 4 and 5 are of order 71, made twice. */
const ROWS = {
  shop: `INSERT INTO notifications (id, customer_id, order_id, kind, channel, title, body, digest, is_read) VALUES
      (1, 7, 60, 'order_paid', 'web', '', '', '', true), (2, 7, NULL, 'promotion', 'web', '', '', '', false),
      (3, 7, 70, 'order_placed', 'web', '', '', '', false), (4, 7, 71, 'order_placed', 'web', '', '', '', false),
      (5, 7, 71, 'order_placed', 'web', '', '', '', false);
    INSERT INTO notification_preferences (customer_id, sms_enabled) VALUES (7, true), (8, false)`,
  notifications: `INSERT INTO notification (id, recipient_id, reference, topic, channel, subject, body, digest, read_at) VALUES
      (1, 7, 'order/60', 'order.paid', 'inbox', '', '', '', now()), (2, 7, NULL, 'promotion', 'inbox', '', '', '', NULL),
      (3, 7, 'order/70', 'order.placed', 'inbox', '', '', '', NULL), (4, 7, 'order/71', 'order.placed', 'inbox', '', '', '', NULL),
      (5, 7, 'order/71', 'order.placed', 'inbox', '', '', '', NULL);
    INSERT INTO preference (recipient_id, channels) VALUES (7, '{sms,inbox}'), (8, '{inbox}')`,
} as const;
const APPLY = { shop: applyShopSchema, notifications: applyNotificationsSchema } as const;

describe.each(['shop', 'notifications'] as const)('%s', (name) => {
  let database: EmptyDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createEmptyDatabase(inject('postgresPort'), 'find_writes');
    await APPLY[name](database.url);
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(ROWS[name]);
  });
  afterAll(async () => {
    await client?.end();
    await database?.drop();
  });

  test.each<[string, string, number]>([
    ['a notification that is read', markKey(1), 1],
    ['one that is unread', markKey(2), 0],
    ['one that is not there', markKey(99), 0],
    ['the notification of an order', orderKey(70), 1],
    ['an order that was notified of twice', orderKey(71), 2],
    ['an order with a notification of another kind alone', orderKey(60), 0],
    ['preferences as they were saved', preferencesKey(7, true), 1],
    ['preferences that were replaced', preferencesKey(7, false), 0],
    ['switched off', preferencesKey(8, false), 1],
    ['of a customer without any', preferencesKey(9, true), 0],
  ])('%s', async (_, key, rows) => {
    expect((await findWrites(client, name, [key])).get(key) ?? 0).toBe(rows);
  });
});
