/**
 * Reminds customers of abandoned carts: at intervals it writes a few notifications inside this process, bypassing HTTP.
 * It shows why watching HTTP alone never reveals all writes of a monolith.
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
  INSERT INTO notifications (customer_id, kind, channel, title, body, payload, tags, digest)
  SELECT customer_id, 'cart_reminder', preferred_channel(customer_id), 'Something is waiting in your cart',
         'You left something in your cart. It is still there.', payload, '{cart}',
         sha256(convert_to(payload::text, 'UTF8'))
  FROM marked
  WHERE NOT is_muted(customer_id, 'cart_reminder')
  RETURNING id`;

/** Writes reminders for at most `limit` carts; answers how many notifications came of it. */
async function writeReminders(db: Database, limit: number = REMINDERS_PER_TICK): Promise<number> {
  return (await db.rows('notifications.remind', REMIND, [limit])).length;
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
    running = writeReminders(db)
      .then((written) => log.debug({ written }, 'reminders written'))
      .catch((error: unknown) => log.warn({ err: error }, 'reminders not written'))
      .finally(() => {
        busy = false;
      });
  }, intervalMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
