/** Reads a database's WAL beside the streams, through a slot of its own: what was written, and which of it a stream wrote. */
import type pg from 'pg';
import { decodeTuple } from '../../../../cdc/decode/tuple.ts';

export interface ObservedRow {
  /** `I`, `U`, `D`; a TRUNCATE is `T` and has no value. */
  readonly kind: string;
  readonly table: string;
  /** Of the row's first column. */
  readonly first: string | null;
  /** The transaction began with the mark of a stream. */
  readonly isMarked: boolean;
}

export interface WalObserver {
  /** What has been written since the last call, in commit order. */
  read(): Promise<ObservedRow[]>;
  drop(): Promise<void>;
}

let serial = 0;

export async function observeWal(client: pg.Client): Promise<WalObserver> {
  const name = `observer_${process.pid}_${++serial}`;
  await client.query(`CREATE PUBLICATION ${name} FOR ALL TABLES`);
  await client.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [name]);
  const tables = new Map<number, string>();
  return {
    async read() {
      const { rows } = await client.query<{ data: Buffer }>(
        `SELECT data FROM pg_logical_slot_get_binary_changes($1::name, NULL, NULL,
           'proto_version', '1', 'publication_names', $1::text, 'messages', 'true')`,
        [name],
      );
      return readRows(
        rows.map(({ data }) => data),
        tables,
      ).filter(({ table }) => !table.startsWith('ficus.'));
    },
    async drop() {
      await client.query('SELECT pg_drop_replication_slot($1)', [name]);
      await client.query(`DROP PUBLICATION ${name}`);
    },
  };
}

function readRows(messages: readonly Buffer[], tables: Map<number, string>): ObservedRow[] {
  const rows: ObservedRow[] = [];
  let [isFirst, isMarked] = [true, false];
  for (const data of messages) {
    const kind = String.fromCharCode(data[0]!);
    if (kind === 'B') [isFirst, isMarked] = [true, false];
    else if (kind === 'M') {
      isMarked ||= isFirst && data.subarray(10).toString('latin1').startsWith('ficus.apply\0');
    } else if (kind === 'R') {
      const [schema, name] = data.subarray(5).toString('utf8').split('\0');
      tables.set(data.readUInt32BE(1), `${schema}.${name}`);
    } else if (kind === 'T')
      for (let at = 6; at < data.length; at += 4)
        rows.push({ kind, table: tables.get(data.readUInt32BE(at))!, first: null, isMarked });
    else if (kind === 'I' || kind === 'U' || kind === 'D')
      rows.push({
        kind,
        table: tables.get(data.readUInt32BE(1))!,
        first: decodeTuple(data, 6)[0] ?? null,
        isMarked,
      });
    if (kind !== 'B' && kind !== 'M') isFirst = false;
  }
  return rows;
}
