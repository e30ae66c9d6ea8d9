/** A side whose rows SQL produces: always the target, and the source of every mapping without a module. */
import type pg from 'pg';
import type { TablePlan } from '../mapping/table-plan.ts';
import { type KeyRange, rangeCondition } from './key-range.ts';
import { hashOf } from './row-hash.ts';
import {
  addRow,
  type Bucket,
  type HashOptions,
  type KeyTexts,
  keyId,
  type RowEntry,
  type RowsByKey,
  type SideReader,
  type SideRow,
} from './side-reader.ts';
import { type DatabaseSide, keyPlaces, keyReference, selectSideRows, textOf } from './side-rows.ts';

export class SqlSide implements SideReader {
  readonly #plan: TablePlan;
  readonly #side: DatabaseSide;

  constructor(plan: TablePlan, side: DatabaseSide) {
    this.#plan = plan;
    this.#side = side;
  }

  async buckets(client: pg.ClientBase, range: KeyRange, options: HashOptions): Promise<Bucket[]> {
    const { sql, values } = this.#hashed(range, options, 2);
    const { rows } = await client.query<Bucket>(
      `SELECT (hk & $1::bigint)::int AS bucket, count(*)::float8 AS rows, sum(hr)::text AS sum FROM (${sql}) AS hashed GROUP BY 1`,
      [options.buckets - 1, ...values],
    );
    return rows;
  }

  async entries(
    client: pg.ClientBase,
    range: KeyRange,
    buckets: readonly number[],
    options: HashOptions,
  ): Promise<RowEntry[]> {
    const { sql, values } = this.#hashed(range, options, 3);
    const { rows } = await client.query<(string | null)[]>({
      text: `SELECT hr::text, ${this.#keys().join(', ')} FROM (${sql}) AS hashed WHERE (hk & $1::bigint) = ANY($2::bigint[])`,
      values: [options.buckets - 1, buckets, ...values],
      rowMode: 'array',
    });
    return rows.map(([hash, ...key]) => ({ key, hash: hash ?? '' }));
  }

  async rows(client: pg.ClientBase, keys: readonly KeyTexts[]): Promise<RowsByKey> {
    const places = keyPlaces(this.#plan);
    const arrays = places.map((_, at) => `$${at + 1}::text[]`).join(', ');
    const names = places.map((_, at) => `w${at}`).join(', ');
    const match = places.map((place, at) => this.#sameKey(place, `w.w${at}`)).join(' AND ');
    const where = `EXISTS (SELECT FROM unnest(${arrays}) AS w(${names}) WHERE ${match})`;
    const version = this.#side === 'source' ? ', s.ficus_version AS version' : `, '' AS version`;
    const { rows } = await client.query<(string | null)[]>({
      text: selectSideRows(this.#plan, this.#side, where, version),
      values: places.map((_, at) => keys.map((key) => key[at] ?? null)),
      rowMode: 'array',
    });
    const found = new Map<string, SideRow[]>();
    for (const row of rows) {
      const texts = row.slice(0, this.#plan.columns.length);
      addRow(found, keyId(places.map((place) => texts[place] ?? null)), { texts, version: row.at(-1) ?? '' });
    }
    return found;
  }

  async draw(client: pg.ClientBase, count: number): Promise<KeyTexts[]> {
    const table = this.#side === 'source' ? this.#plan.source.oid : this.#plan.target.oid;
    const { rows: sizes } = await client.query<{ rows: number }>(
      'SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = $1',
      [table],
    );
    // Twice as many as wanted, because an estimate may be off; a table that was never analyzed is sampled from all of
    // its rows.
    const size = sizes[0]?.rows ?? 0;
    const share = size > 0 ? Math.min(1, (2 * count) / size) : 1;
    const { rows } = await client.query<(string | null)[]>({
      text: `SELECT ${this.#keys().join(', ')} FROM (${selectSideRows(this.#plan, this.#side)}) AS side
              WHERE random() < $1 ORDER BY random() LIMIT $2`,
      values: [share, count],
      rowMode: 'array',
    });
    return rows;
  }

  #keys(): string[] {
    return keyPlaces(this.#plan).map((place) => `c${place}`);
  }

  #hashed(range: KeyRange, options: HashOptions, first: number): { sql: string; values: string[] } {
    const condition = rangeCondition(this.#plan, this.#side, range, first);
    const all = this.#plan.columns.map((_, place) => `c${place}`);
    const keys = this.#keys();
    const rows = selectSideRows(this.#plan, this.#side, condition.sql);
    const sql = `SELECT ${keys.join(', ')}, ${hashOf(keys, options.hash)} AS hk, ${hashOf(all, options.hash)} AS hr FROM (${rows}) AS side`;
    return { sql, values: condition.values };
  }

  // Compares the column itself where there is one, so that its index is used; else text, NULL-safely.
  #sameKey(place: number, wanted: string): string {
    const column = this.#plan.columns[place];
    const input = this.#plan.input.find((candidate) => candidate.name === column?.sameAs);
    const plain = this.#side === 'target' || input?.type === column?.castType;
    if (this.#plan.key.kind === 'columns' && plain && column?.builtin)
      return `${keyReference(this.#plan, this.#side, place)} = ${wanted}::${column.castType}`;
    return `${textOf(this.#plan, this.#side, place)} IS NOT DISTINCT FROM ${wanted}`;
  }
}
