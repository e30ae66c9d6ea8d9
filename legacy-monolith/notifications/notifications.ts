/** A customer's notifications, straight from the table that the order trigger and the reminder job write to. */
import type { Statements } from '@ficus-sample/chassis/database.ts';

/** As the API shows it. */
export interface Notification {
  readonly id: number;
  readonly kind: string;
  readonly channel: string;
  readonly title: string;
  readonly body: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly orderId: number | null;
  /** Hexadecimal. */
  readonly digest: string;
  readonly read: boolean;
  /** ISO 8601 with milliseconds, UTC. */
  readonly readAt: string | null;
  readonly createdAt: string;
}

export interface NotificationQuery {
  readonly limit: number;
  /** Only those with a smaller id: the next page. */
  readonly before?: number | undefined;
  readonly unread: boolean;
}

export interface NotificationList {
  readonly items: readonly Notification[];
  /** All unread notifications, not only those on this page. */
  readonly unread: number;
  /** `before` of the next page. */
  readonly next: number | null;
}

interface NotificationRow extends Omit<Notification, 'digest' | 'read' | 'readAt' | 'createdAt'> {
  readonly digest: Buffer;
  readonly readAt: Date | null;
  readonly createdAt: Date;
}

// Rows from before the shop kept a date count as read when they were written.
const COLUMNS = `
  id, kind, channel, title, body, payload, tags, order_id AS "orderId", digest,
  CASE WHEN is_read THEN coalesce(read_date, created_at) END AS "readAt", created_at AS "createdAt"`;

// One statement, one snapshot: the count always fits the page.
const LIST = `
  SELECT counted.unread, page.*
  FROM (SELECT count(*) AS unread FROM notifications WHERE customer_id = $1 AND NOT is_read) counted
  LEFT JOIN LATERAL (
    SELECT ${COLUMNS} FROM notifications
    WHERE customer_id = $1 AND ($2::bigint IS NULL OR id < $2) AND (NOT $3 OR NOT is_read)
    ORDER BY id DESC LIMIT $4
  ) page ON true
  ORDER BY page.id DESC`;

const FIND = `SELECT ${COLUMNS} FROM notifications WHERE id = $1 AND customer_id = $2`;

// A second reading keeps the first one's date.
const MARK_READ = `
  UPDATE notifications SET is_read = true, read_date = CASE WHEN is_read THEN read_date ELSE now() END
  WHERE id = $1 AND customer_id = $2
  RETURNING ${COLUMNS}`;

const MARK_ALL_READ = `
  WITH marked AS (
    UPDATE notifications SET is_read = true, read_date = now() WHERE customer_id = $1 AND NOT is_read RETURNING 1
  )
  SELECT count(*) AS updated FROM marked`;

export async function listNotifications(
  db: Statements,
  customerId: number,
  query: NotificationQuery,
): Promise<NotificationList> {
  const values = [customerId, query.before ?? null, query.unread, query.limit];
  const rows = await db.rows<NotificationRow & { unread: number }>('notifications.list', LIST, values);
  const items = rows.filter((row) => row.id !== null).map(present);
  const next = items.length === query.limit ? (items.at(-1)?.id ?? null) : null;
  return { items, unread: rows[0]?.unread ?? 0, next };
}

export async function findNotification(
  db: Statements,
  customerId: number,
  id: number,
): Promise<Notification | undefined> {
  const row = await db.row<NotificationRow>('notifications.find', FIND, [id, customerId]);
  return row && present(row);
}

/** The notification as it is afterwards; undefined when the customer has no such one. */
export async function markRead(
  db: Statements,
  customerId: number,
  id: number,
): Promise<Notification | undefined> {
  const row = await db.row<NotificationRow>('notifications.mark-read', MARK_READ, [id, customerId]);
  return row && present(row);
}

/** Returns how many were unread. */
export async function markAllRead(db: Statements, customerId: number): Promise<number> {
  const row = await db.row<{ updated: number }>('notifications.mark-all-read', MARK_ALL_READ, [customerId]);
  return row?.updated ?? 0;
}

function present(row: NotificationRow): Notification {
  return {
    id: row.id,
    kind: row.kind,
    channel: row.channel,
    title: row.title,
    body: row.body,
    payload: row.payload,
    tags: row.tags,
    orderId: row.orderId,
    digest: row.digest.toString('hex'),
    read: row.readAt !== null,
    readAt: row.readAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
  };
}
