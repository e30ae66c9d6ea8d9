/**
 * Rows exchange keys within transactions, in any order; a model knows each row by itself. The net effect must turn the
 * model's table from before into the one after, and must name what the target has beforehand.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeTuple, encodeTuple, type TupleValue } from '../decode/tuple.ts';
import { LooseNetChanges } from './loose-net-changes.ts';
import { DELETE, DELETE_OWN, INSERT, UPDATE } from './net-changes.ts';

/** One row after the other gets the key at its place of a shuffled list; some rows leave, some are new. */
const step = fc.record({
  keys: fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7], { minLength: 3, maxLength: 7 }),
  leaving: fc.nat({ max: 2 }),
  arriving: fc.nat({ max: 2 }),
  touched: fc.boolean(),
});

type Row = { readonly key: number; readonly name: string; readonly large: string };

const tupleOf = ({ key, name, large }: Row, unsent = false): TupleValue[] => [
  String(key),
  name,
  unsent ? undefined : large,
];

class Recorder {
  readonly net: LooseNetChanges;
  readonly #tuples: Buffer[] = [];
  #end = 0;

  constructor(keyColumns: readonly number[] = [0]) {
    this.net = new LooseNetChanges(keyColumns);
  }

  put(values: readonly TupleValue[]): number {
    const tuple = encodeTuple(values);
    const at = this.#end;
    this.#tuples.push(tuple);
    this.#end += tuple.length;
    return at;
  }

  drop(values: readonly TupleValue[]): void {
    const oldAt = this.put(values);
    this.net.delete(this.bytes, oldAt);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#tuples);
  }
}

function apply(table: Map<string, readonly TupleValue[]>, { net, bytes }: Recorder): void {
  expect(net.hasDoubles).toBe(false);
  const entries = Array.from({ length: net.count }, (_, entry) => {
    const { bytes: of, at } = net.tupleAt(entry, bytes);
    return { operation: net.operations[entry]!, values: decodeTuple(of, at) };
  });
  for (const { operation, values } of entries)
    expect(table.has(values[0]!)).toBe(operation === UPDATE || operation === DELETE);
  for (const { operation, values } of entries) {
    if (operation === DELETE) table.delete(values[0]!);
    if (operation === INSERT || operation === UPDATE) table.set(values[0]!, values);
  }
  expect(
    entries.every(({ operation }) => [INSERT, UPDATE, DELETE, DELETE_OWN].includes(operation as 1)),
  ).toBe(true);
}

test('any exchange of keys', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
      let made = 0;
      let rows: Row[] = [1, 2, 3, 4, 5].map((key) => ({ key, name: `n${key}`, large: `large ${key}` }));
      const table = new Map(rows.map((row) => [String(row.key), tupleOf(row)] as const));
      const recorder = new Recorder();
      for (const { keys, leaving, arriving, touched } of steps) {
        for (const row of rows.splice(0, Math.min(leaving, rows.length))) recorder.drop(tupleOf(row));
        const stay = rows.slice(0, keys.length);
        for (const row of rows.slice(keys.length)) recorder.drop(tupleOf(row));
        rows = stay.map((row, place) => {
          const after = { ...row, key: keys[place]!, name: touched ? `${row.name}'` : row.name };
          const oldAt = recorder.put(tupleOf(row));
          const at = recorder.put(tupleOf(after, true));
          if (row.key === after.key) recorder.net.update(recorder.bytes, oldAt, at);
          else recorder.net.move(recorder.bytes, oldAt, at);
          return after;
        });
        for (const key of keys.slice(rows.length).slice(0, arriving)) {
          const row = { key, name: `new ${++made}`, large: '' };
          const at = recorder.put(tupleOf(row));
          recorder.net.insert(recorder.bytes, at);
          rows.push(row);
        }
      }
      apply(table, recorder);
      expect([...table.values()].sort()).toEqual(rows.map((row) => tupleOf(row)).sort());
    }),
    { numRuns: 500 },
  );
});

test('two rows under one key at the end are noticed', () => {
  const recorder = new Recorder();
  const at = [recorder.put(['1', 'a', '']), recorder.put(['1', 'b', ''])];
  recorder.net.insert(recorder.bytes, at[0]!);
  expect(recorder.net.hasDoubles).toBe(false);
  recorder.net.insert(recorder.bytes, at[1]!);
  expect(recorder.net.hasDoubles).toBe(true);
});

test('a large value of the key that an update does not send is the one of the row before', () => {
  const recorder = new Recorder([0, 2]);
  for (const [before, after] of [
    ['a', 'b'],
    ['b', 'c'],
  ]) {
    const oldAt = recorder.put(['1', before, 'large']);
    const at = recorder.put(['1', after, undefined]);
    recorder.net.update(recorder.bytes, oldAt, at);
  }
  const { net, bytes } = recorder;
  expect([net.hasDoubles, net.count, net.operations[0]]).toEqual([false, 1, UPDATE]);
  const { bytes: of, at } = net.tupleAt(0, bytes);
  expect(decodeTuple(of, at)).toEqual(['1', 'c', 'large']);
});
