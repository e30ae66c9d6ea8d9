/**
 * Carries out requests for notifications, each once: a request that was taken before, here or by the database that owned
 * the tables earlier, changes nothing. Called by the API.
 */
import type { Database } from '@ficus-sample/chassis/database.ts';
import { toTopic } from './contract-words.ts';

/** As the shop posts it, in the words of the API. */
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
// The monolith asks, so it is the source, whichever program writes the row.
const TAKE = `
  WITH request AS (
    SELECT DISTINCT ON (id) * FROM jsonb_to_recordset($1::jsonb) AS posted (
      id bigint, "customerId" bigint, "orderId" bigint, topic text, title text, body text, payload jsonb,
      tags text[], "createdAt" timestamptz)
    ORDER BY id
  ), fresh AS (
    INSERT INTO taken_request (request_id) SELECT id FROM request ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING request_id
  )
  INSERT INTO notification
    (recipient_id, reference, topic, channel, subject, body, payload, tags, digest, source, created_at)
  SELECT "customerId", 'order/' || "orderId", topic,
         CASE WHEN 'push' = ANY (channels) THEN 'push' WHEN 'email' = ANY (channels) THEN 'email'
              WHEN 'sms' = ANY (channels) THEN 'sms' ELSE 'inbox' END::delivery_channel,
         title, body, payload, tags, sha256(convert_to(payload::text, 'UTF8')), 'monolith', "createdAt"
  FROM request
  JOIN fresh ON fresh.request_id = request.id
  LEFT JOIN preference ON preference.recipient_id = request."customerId"
  WHERE topic <> ALL (coalesce(muted_topics, '{}'))
  ORDER BY request.id`;

export async function takeRequests(db: Database, requests: readonly NotificationRequest[]): Promise<void> {
  const inOwnWords = requests.map(({ kind, ...request }) => ({ ...request, topic: toTopic(kind) }));
  await db.rows('notification.take-requests', TAKE, [JSON.stringify(inOwnWords)]);
}
