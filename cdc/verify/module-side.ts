/**
 * The source of a mapping by a TypeScript module: its rows are read, passed through forward() here, and converted by
 * the target's server into the form that the target would store. Rows cannot be looked up by target key, so each call
 * reads the whole table; a cursor bounds the memory.
 */
import type pg from 'pg';
import { outputText } from '../catalog/output-text.ts';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { MappingModule, TextRow } from '../mapping/mapping-module.ts';
import { selectSourceRows } from '../mapping/source-projection.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { KeyRange } from './key-range.ts';
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
import { keyPlaces } from './side-rows.ts';

const ROWS_AT_ONCE = 5_000;

export class ModuleSide implements SideReader {
  readonly #plan: TablePlan;
  readonly #module: MappingModule;
  /** The target's server: only it knows how its types spell a value. No table of the target is read here. */
  readonly #target: pg.ClientBase;

  constructor(plan: TablePlan, module: MappingModule, target: pg.ClientBase) {
    this.#plan = plan;
    this.#module = module;
    this.#target = target;
  }

  async buckets(client: pg.ClientBase, _range: KeyRange, options: HashOptions): Promise<Bucket[]> {
    const sums = new Map<number, { rows: number; sum: bigint }>();
    for await (const rows of this.#hashedRows(client, options)) {
      for (const { bucket, hash } of rows) {
        const entry = sums.get(bucket) ?? { rows: 0, sum: 0n };
        sums.set(bucket, { rows: entry.rows + 1, sum: entry.sum + BigInt(hash) });
      }
    }
    return [...sums].map(([bucket, { rows, sum }]) => ({ bucket, rows, sum: String(sum) }));
  }

  async entries(
    client: pg.ClientBase,
    _range: KeyRange,
    buckets: readonly number[],
    options: HashOptions,
  ): Promise<RowEntry[]> {
    const wanted = new Set(buckets);
    const entries: RowEntry[] = [];
    for await (const rows of this.#hashedRows(client, options))
      for (const { bucket, hash, texts } of rows)
        if (wanted.has(bucket)) entries.push({ key: this.#keyOf(texts), hash });
    return entries;
  }

  async rows(client: pg.ClientBase, keys: readonly KeyTexts[]): Promise<RowsByKey> {
    const wanted = new Set(keys.map(keyId));
    const found = new Map<string, SideRow[]>();
    for await (const rows of this.#mappedRows(client)) {
      const answer = await this.#onTarget(
        rows.map(({ row }) => row),
        '',
      );
      for (const [at, texts] of answer.entries()) {
        const id = keyId(this.#keyOf(texts));
        if (wanted.has(id)) addRow(found, id, { texts, version: rows[at]?.version ?? '' });
      }
    }
    return found;
  }

  async draw(client: pg.ClientBase, count: number): Promise<KeyTexts[]> {
    const drawn: KeyTexts[] = [];
    let seen = 0;
    for await (const rows of this.#mappedRows(client)) {
      // Reservoir sampling (Vitter, algorithm R): every row has the same chance although their number is unknown.
      for (const texts of await this.#onTarget(
        rows.map(({ row }) => row),
        '',
      )) {
        const place = seen < count ? seen : Math.floor(Math.random() * (seen + 1));
        if (place < count) drawn[place] = this.#keyOf(texts);
        seen += 1;
      }
    }
    return drawn;
  }

  async *#hashedRows(client: pg.ClientBase, options: HashOptions) {
    const all = this.#plan.columns.map((_, place) => `c${place}`);
    const keys = keyPlaces(this.#plan).map((place) => `c${place}`);
    const hashes = `, ((${hashOf(keys, options.hash)}) & ${options.buckets - 1})::text, (${hashOf(all, options.hash)})::text`;
    for await (const rows of this.#mappedRows(client)) {
      const answer = await this.#onTarget(
        rows.map(({ row }) => row),
        hashes,
      );
      yield answer.map((values) => ({
        texts: values.slice(0, -2),
        bucket: Number(values.at(-2)),
        hash: values.at(-1) ?? '0',
      }));
    }
  }

  /** The rows in the spelling of the target's types. */
  async #onTarget(rows: readonly TextRow[], extra: string): Promise<(string | null)[][]> {
    if (rows.length === 0) return [];
    const columns = this.#plan.columns;
    const names = columns.map((column) => quoteIdentifier(column.name)).join(', ');
    const arrays = columns.map((_, at) => `$${at + 1}::text[]`).join(', ');
    const texts = columns
      .map((column, at) => {
        const text = column.builtin ? column.expectedText : `CAST((${column.expression}) AS text)`;
        return `(${text}) COLLATE "C" AS c${at}`;
      })
      .join(', ');
    const all = columns.map((_, at) => `c${at}`).join(', ');
    const answer = await this.#target.query<(string | null)[]>({
      text: `SELECT ${all}${extra} FROM (SELECT n, ${texts} FROM unnest(${arrays}) WITH ORDINALITY AS s(${names}, n)) AS mapped ORDER BY n`,
      values: columns.map((column) => rows.map((row) => row[column.name] ?? null)),
      rowMode: 'array',
    });
    return answer.rows;
  }

  async *#mappedRows(client: pg.ClientBase): AsyncGenerator<{ row: TextRow; version: string }[]> {
    const inputs = this.#plan.source.readColumns;
    // The same text that the stream passes to the module.
    const texts = inputs.map(({ name, type }) => outputText(`s.${quoteIdentifier(name)}`, type)).join(', ');
    const select = `SELECT ${texts}, s.ficus_version FROM (${selectSourceRows(this.#plan, ['t.xmin::text AS ficus_version'])}) AS s`;
    // Without a transaction a cursor must be WITH HOLD; inside the caller's it still reads the caller's snapshot.
    await client.query(`DECLARE ficus_rows NO SCROLL CURSOR WITH HOLD FOR ${select}`);
    try {
      for (;;) {
        const { rows } = await client.query<(string | null)[]>({
          text: `FETCH ${ROWS_AT_ONCE} FROM ficus_rows`,
          rowMode: 'array',
        });
        if (rows.length === 0) return;
        yield rows.flatMap((values) => {
          const row = Object.fromEntries(inputs.map((column, at) => [column.name, values[at] ?? null]));
          const mapped = this.#module.forward(row);
          return mapped ? [{ row: mapped, version: values.at(-1) ?? '' }] : [];
        });
      }
    } finally {
      await client.query('CLOSE ficus_rows').catch(() => undefined);
    }
  }

  #keyOf(texts: readonly (string | null)[]): KeyTexts {
    return keyPlaces(this.#plan).map((place) => texts[place] ?? null);
  }
}
