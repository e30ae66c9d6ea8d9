/**
 * Requests for notifications that wait to be posted: rows of notification_requests, written by the trigger on orders and by
 * the reminder job. A row leaves when its post was answered, not before.
 */
import type { Statements } from '@ficus-sample/chassis/database.ts';
import type { NotificationRequest } from '../notifications/take-requests.ts';

/** The most that the API takes in one post. */
const BATCH = 100;

const COLUMNS = `
  id, customer_id AS "customerId", order_id AS "orderId", kind, title, body, payload, tags, created_at AS "createdAt"`;

const OF_CUSTOMER = `
  SELECT ${COLUMNS} FROM notification_requests WHERE customer_id = $1 ORDER BY id LIMIT ${BATCH}`;

// SKIP LOCKED: two processes of the shop share the requests between them. No transaction stays open while they are
// posted: what a process leaves behind that dies meanwhile is due again later, and posted twice at worst.
const CLAIM = `
  WITH due AS (
    SELECT id FROM notification_requests WHERE due_at <= clock_timestamp() ORDER BY id LIMIT ${BATCH}
    FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE notification_requests SET due_at = clock_timestamp() + interval '10 seconds'
    FROM due WHERE notification_requests.id = due.id
    RETURNING notification_requests.*
  )
  SELECT ${COLUMNS} FROM claimed ORDER BY id`;

const RELEASE = 'UPDATE notification_requests SET due_at = clock_timestamp() WHERE id = ANY ($1)';

const REMOVE = 'DELETE FROM notification_requests WHERE id = ANY ($1)';

/** Those of one customer, the oldest first, whether they are due or not. */
export function requestsOf(db: Statements, customerId: number): Promise<NotificationRequest[]> {
  return db.rows<NotificationRequest>('requests.of-customer', OF_CUSTOMER, [customerId]);
}

/** Those that are due, the oldest first; no other process gets them for ten seconds. */
export function claimRequests(db: Statements): Promise<NotificationRequest[]> {
  return db.rows<NotificationRequest>('requests.claim', CLAIM);
}

/** They are due again at once. */
export async function releaseRequests(
  db: Statements,
  requests: readonly NotificationRequest[],
): Promise<void> {
  await db.rows('requests.release', RELEASE, [requests.map(({ id }) => id)]);
}

export async function removeRequests(
  db: Statements,
  requests: readonly NotificationRequest[],
): Promise<void> {
  await db.rows('requests.remove', REMOVE, [requests.map(({ id }) => id)]);
}
