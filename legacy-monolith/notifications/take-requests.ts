/**
 * Carries out requests for notifications, each once: a request that was taken before, here or by a database that owned
 * the tables earlier, changes nothing. Called by the API.
 */
import type { Statements } from '@ficus-sample/chassis/database.ts';

/** As other parts of the shop post it. */
export interface NotificationRequest {
  /** Given by the asking program. */
  readonly id: number;
  readonly customerId: number;
  readonly orderId: number | null;
  readonly kind: string;
  readonly title: string;
  readonly body: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
}

// In the order of their ids: two posts of the same requests wait for one another, and never in a circle.
const TAKE = `
  WITH request AS (
    SELECT DISTINCT ON (id) * FROM jsonb_to_recordset($1::jsonb) AS posted (
      id bigint, "customerId" bigint, "orderId" bigint, kind notification_kind, title text, body text, payload jsonb,
      tags text[], "createdAt" timestamptz)
    ORDER BY id
  ), fresh AS (
    INSERT INTO notification_requests_taken (request_id) SELECT id FROM request ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING request_id
  )
  INSERT INTO notifications
    (customer_id, order_id, kind, channel, title, body, payload, tags, digest, created_at)
  SELECT "customerId", "orderId", kind, preferred_channel("customerId"), title, body, payload, tags,
         sha256(convert_to(payload::text, 'UTF8')), "createdAt"
  FROM request JOIN fresh ON fresh.request_id = request.id
  WHERE NOT is_muted("customerId", kind)
  ORDER BY request.id`;

export async function takeRequests(db: Statements, requests: readonly NotificationRequest[]): Promise<void> {
  await db.rows('notifications.take-requests', TAKE, [JSON.stringify(requests)]);
}
