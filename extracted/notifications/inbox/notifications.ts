/** A recipient's notifications. */
import type { Database } from '@ficus-sample/chassis/database.ts';
import { toChannel, toKind, toOrderId } from './contract-words.ts';

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

/** Says what a write would answer, without writing. */
interface WriteOptions {
  readonly dryRun: boolean;
}

interface NotificationRow {
  readonly id: number;
  readonly topic: string;
  readonly channel: string;
  readonly subject: string;
  readonly body: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly reference: string | null;
  readonly digest: Buffer;
  readonly read_at: Date | null;
  readonly created_at: Date;
}

export type Presenter = (row: NotificationRow) => Notification;

const COLUMNS = 'id, topic, channel, subject, body, payload, tags, reference, digest, read_at, created_at';

// One statement, one snapshot: the count always fits the page.
const LIST = `
  SELECT counted.unread, page.*
  FROM (SELECT count(*) AS unread FROM notification WHERE recipient_id = $1 AND read_at IS NULL) counted
  LEFT JOIN LATERAL (
    SELECT ${COLUMNS} FROM notification
    WHERE recipient_id = $1 AND ($2::bigint IS NULL OR id < $2) AND (NOT $3 OR read_at IS NULL)
    ORDER BY id DESC LIMIT $4
  ) page ON true
  ORDER BY page.id DESC`;

const FIND = `SELECT ${COLUMNS} FROM notification WHERE id = $1 AND recipient_id = $2`;

// A second reading keeps the first one's time.
const MARK_READ = `
  UPDATE notification SET read_at = coalesce(read_at, now()) WHERE id = $1 AND recipient_id = $2
  RETURNING ${COLUMNS}`;

const MARK_ALL_READ = `
  WITH marked AS (
    UPDATE notification SET read_at = now() WHERE recipient_id = $1 AND read_at IS NULL RETURNING 1
  )
  SELECT count(*) AS updated FROM marked`;

const COUNT_UNREAD =
  'SELECT count(*) AS updated FROM notification WHERE recipient_id = $1 AND read_at IS NULL';

export async function listNotifications(
  db: Database,
  recipientId: number,
  query: NotificationQuery,
  present: Presenter,
): Promise<NotificationList> {
  const values = [recipientId, query.before ?? null, query.unread, query.limit];
  const rows = await db.rows<NotificationRow & { unread: number }>('notification.list', LIST, values);
  const items = rows.filter((row) => row.id !== null).map(present);
  const next = items.length === query.limit ? (items.at(-1)?.id ?? null) : null;
  return { items, unread: rows[0]?.unread ?? 0, next };
}

export async function findNotification(
  db: Database,
  recipientId: number,
  id: number,
  present: Presenter,
): Promise<Notification | undefined> {
  const row = await db.row<NotificationRow>('notification.find', FIND, [id, recipientId]);
  return row && present(row);
}

/** The notification as it is afterwards; undefined when the recipient has no such one. */
export async function markRead(
  db: Database,
  recipientId: number,
  id: number,
  present: Presenter,
  { dryRun }: WriteOptions,
): Promise<Notification | undefined> {
  const row = dryRun
    ? await db.row<NotificationRow>('notification.find', FIND, [id, recipientId])
    : await db.row<NotificationRow>('notification.mark-read', MARK_READ, [id, recipientId]);
  return row && present({ ...row, read_at: row.read_at ?? new Date() });
}

/** Returns how many were unread. */
export async function markAllRead(
  db: Database,
  recipientId: number,
  { dryRun }: WriteOptions,
): Promise<number> {
  const row = dryRun
    ? await db.row<{ updated: number }>('notification.count-unread', COUNT_UNREAD, [recipientId])
    : await db.row<{ updated: number }>('notification.mark-all-read', MARK_ALL_READ, [recipientId]);
  return row?.updated ?? 0;
}

export function presentNotification(row: NotificationRow): Notification {
  return {
    id: row.id,
    kind: toKind(row.topic),
    channel: toChannel(row.channel),
    title: row.subject,
    body: row.body,
    payload: row.payload,
    tags: row.tags,
    orderId: toOrderId(row.reference),
    digest: row.digest.toString('hex'),
    read: row.read_at !== null,
    readAt: row.read_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}
