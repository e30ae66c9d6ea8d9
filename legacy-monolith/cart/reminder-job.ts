/**
 * Reminds customers of abandoned carts: at intervals it asks for a few notifications. The relay posts them, as it does for
 * orders: a job that wrote the notifications by itself would be refused once another database owns them.
 */

import type { Database } from '@ficus-sample/chassis/database.ts';
import type { FastifyBaseLogger } from 'fastify';

const REMINDERS_PER_TICK = 3;

// SKIP LOCKED: two processes of the shop share the carts between them.
const REMIND = `
  WITH idle AS (
    SELECT carts.customer_id, (SELECT sum(quantity) FROM cart_items WHERE cart_items.customer_id = carts.customer_id) AS items
    FROM carts
    WHERE updated_at < now() - interval '5 minutes'
      AND (reminded_at IS NULL OR reminded_at < now() - interval '1 minute')
      AND EXISTS (SELECT FROM cart_items WHERE cart_items.customer_id = carts.customer_id)
    ORDER BY reminded_at NULLS FIRST, updated_at
    LIMIT $1
    FOR UPDATE OF carts SKIP LOCKED
  ), marked AS (
    UPDATE carts SET reminded_at = now() FROM idle WHERE carts.customer_id = idle.customer_id
    RETURNING carts.customer_id, jsonb_build_object('items', idle.items) AS payload
  )
  INSERT INTO notification_requests (customer_id, kind, title, body, payload, tags)
  SELECT customer_id, 'cart_reminder', 'Something is waiting in your cart',
         'You left something in your cart. It is still there.', payload, '{cart}'
  FROM marked
  RETURNING id`;

/** Asks for reminders of at most `limit` carts; answers of how many. */
async function requestReminders(db: Database, limit: number = REMINDERS_PER_TICK): Promise<number> {
  return (await db.rows('requests.remind', REMIND, [limit])).length;
}

/** Runs until the returned function is called, which waits for a run in progress. */
export function startReminderJob(
  db: Database,
  intervalMs: number,
  log: FastifyBaseLogger,
): () => Promise<void> {
  if (intervalMs === 0) return async () => undefined;
  let running = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return; // a slow database is not asked twice
    busy = true;
    running = requestReminders(db)
      .then((requested) => log.debug({ requested }, 'reminders requested'))
      .catch((error: unknown) => log.warn({ err: error }, 'reminders not requested'))
      .finally(() => {
        busy = false;
      });
  }, intervalMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
