/** Looks the writes of the load up in both databases, by the keys of sample/load/write-keys.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Audit, auditWrites } from '../audit/audit-writes.ts';
import type { WriteRecord } from '../load/write-record.ts';

const WANTED = `WITH wanted AS (
  SELECT key, split_part(key, ' ', 1) AS what, split_part(key, ' ', 2)::bigint AS id, split_part(key, ' ', 3) AS value
  FROM unnest($1::text[]) AS key)`;

/** The same question to each side, in its own tables and words. */
const FIND = {
  shop: `${WANTED}
    SELECT key FROM wanted JOIN notifications n ON n.id = wanted.id WHERE what = 'mark' AND n.is_read
    UNION ALL
    SELECT key FROM wanted JOIN notifications n ON n.order_id = wanted.id
    WHERE what = 'order' AND n.kind = 'order_placed'
    UNION ALL
    SELECT key FROM wanted JOIN notification_preferences p ON p.customer_id = wanted.id
    WHERE what = 'preferences' AND p.sms_enabled::text = value`,
  notifications: `${WANTED}
    SELECT key FROM wanted JOIN notification n ON n.id = wanted.id WHERE what = 'mark' AND n.read_at IS NOT NULL
    UNION ALL
    SELECT key FROM wanted JOIN notification n ON n.reference = 'order/' || wanted.id
    WHERE what = 'order' AND n.topic = 'order.placed'
    UNION ALL
    SELECT key FROM wanted JOIN preference p ON p.recipient_id = wanted.id
    WHERE what = 'preferences' AND ('sms' = ANY (p.channels))::text = value`,
} as const;

export type AuditedDatabase = keyof typeof FIND;

/** Notifications of orders are posted, and the stream has to bring everything to the other side. */
const PATIENCE_MS = 30_000;
const AGAIN_MS = 250;

/** Looks again while some are missing, until they have had time to come. */
export async function auditDatabase(
  database: AuditedDatabase,
  url: string,
  writes: readonly WriteRecord[],
  signal: AbortSignal,
): Promise<Audit> {
  const client = new pg.Client({ connectionString: url, application_name: 'demo' });
  await client.connect();
  const keys = writes.map(({ key }) => key);
  const deadline = performance.now() + PATIENCE_MS;
  try {
    for (;;) {
      const audit = auditWrites(writes, await findWrites(client, database, keys));
      if (audit.missing.length === 0 || performance.now() > deadline) return audit;
      await sleep(AGAIN_MS, undefined, { signal });
    }
  } finally {
    await client.end();
  }
}

/** Key → number of its rows. */
export async function findWrites(
  client: pg.Client,
  database: AuditedDatabase,
  keys: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ key: string }>(FIND[database], [keys]);
  const found = new Map<string, number>();
  for (const { key } of rows) found.set(key, (found.get(key) ?? 0) + 1);
  return found;
}
