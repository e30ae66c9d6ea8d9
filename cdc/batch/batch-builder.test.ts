/**
 * BatchBuilder, with the decoder and the intake before it, against a trivial model: a Map from key to row. Random
 * transactions are written as bytes, cut at random places, and read in batches of random size. The batches, applied to
 * the model's table, must produce what the transactions say, and must end where transactions end.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTuple, type TupleValue } from '../decode/tuple.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { Positions } from '../positions.ts';
import type { Batch } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import type { ChangeWatch } from './change-watch.ts';
import { Intake } from './intake.ts';
import { DELETE, DELETE_OWN, INSERT, PARTIAL, UPDATE } from './net-changes.ts';
import { DELETE_ROW, INSERT_ROW } from './ordered-changes.ts';
import { WireWriter } from './wire-writer.fixture.ts';

/** No chunk of a first copy is under way. */
const NO_WATCH: ChangeWatch = {
  sawTransaction: () => undefined,
  open: () => undefined,
  shut: () => undefined,
  isOpen: () => false,
  touched: () => undefined,
  invalidate: () => undefined,
};

type Row = readonly [key: string, small: string | null, large: string | null];
type Table = Map<string, Row>;

/** What a client did, by key; the table decides which of them are possible. */
interface Intent {
  readonly key: number;
  readonly kind: 'write' | 'touch' | 'delete' | 'move';
  readonly to: number;
  readonly small: string | null;
  readonly large: string | null;
}

const text = fc.option(fc.string({ maxLength: 12 }), { nil: null });
const intent = fc.record<Intent>({
  key: fc.integer({ min: 0, max: 12 }),
  kind: fc.constantFrom('write', 'touch', 'delete', 'move'),
  to: fc.integer({ min: 0, max: 12 }),
  small: text,
  large: text,
});
const transactions = fc.array(fc.array(intent, { maxLength: 8 }), { maxLength: 25 });
const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 });

/** Writes the intents as the server would, updates the model's table, and records it after each transaction. */
function play(
  intents: readonly (readonly Intent[])[],
  full: boolean,
): { bytes: Buffer; states: Map<bigint, Table> } {
  const wire = new WireWriter(full);
  const table: Table = new Map();
  const states = new Map<bigint, Table>([[0n, new Map()]]);
  for (const transaction of intents) {
    wire.begin();
    for (const one of transaction) playOne(wire, table, one);
    states.set(wire.commit(), new Map(table));
  }
  return { bytes: wire.finish(), states };
}

function playOne(wire: WireWriter, table: Table, { key, kind, to, small, large }: Intent): void {
  const id = String(key);
  const before = table.get(id);
  if (!before) {
    if (kind === 'delete') return;
    table.set(id, [id, small, large]);
    wire.insert([id, small, large]);
  } else if (kind === 'delete') {
    table.delete(id);
    wire.delete(before);
  } else if (kind === 'move' && !table.has(String(to))) {
    const moved: Row = [String(to), small, before[2]];
    table.delete(id);
    table.set(String(to), moved);
    wire.update(before, moved, before[2] !== null);
  } else {
    const unchanged = kind === 'touch' && before[2] !== null;
    const after: Row = [id, small, unchanged ? before[2] : large];
    table.set(id, after);
    wire.update(before, after, unchanged);
  }
}

function makePlan(inOrder: boolean): TablePlan {
  const columns = ['id', 'small', 'large'];
  const input = columns.map((name) => ({ name, type: 'text' }));
  const table = { oid: 1, schema: 'public', name: 't', qualifiedName: 'public.t', sql: '"public"."t"' };
  return {
    index: 0,
    path: [],
    source: {
      ...table,
      identityColumns: ['id'],
      identityFull: false,
      keyColumns: ['id'],
      keyTypes: ['text'],
      readColumns: input,
    },
    target: { ...table, triggers: 'none', intercepts: [], mayLeaveOut: false, defers: false },
    input,
    columns: columns.map((name) => ({
      name,
      expression: `s."${name}"`,
      expectedText: `s."${name}"`,
      castType: 'text',
      type: 'text',
      builtin: true,
      inputs: [name],
      updatable: true,
      sameAs: name,
    })),
    key: { kind: 'columns', columns: ['id'], indexName: 't_pkey' },
    rows: undefined,
    module: undefined,
    overridingSystemValue: false,
    inOrderReasons: inOrder ? ['for the test'] : [],
    irreversibleReasons: [],
  };
}

/** Applies a batch to a table as the applier would, without a database. */
function applyBatch(table: Table, batch: Batch): void {
  for (const { net } of batch.net.values()) {
    const entries = Array.from({ length: net.count }, (_, entry) => ({
      operation: net.operations[entry]!,
      values: decodeTuple(...tupleOf(net.tupleAt(entry, batch.bytes))),
    }));
    for (const { operation, values } of entries) {
      // What the applier requires of the target: inserted keys must be absent, all others present.
      const there = table.has(values[0]!);
      if (operation === INSERT || operation === DELETE_OWN) expect(there).toBe(false);
      else expect(there).toBe(true);
    }
    for (const { operation, values } of entries) {
      if (operation === DELETE) table.delete(values[0]!);
      if (operation === INSERT || operation === UPDATE || operation === PARTIAL)
        write(table, values[0]!, values, operation === PARTIAL);
    }
  }
  for (const change of batch.ordered) {
    const after = change.at < 0 ? undefined : decodeTuple(batch.bytes, change.at);
    const before = change.oldAt < 0 ? undefined : decodeTuple(batch.bytes, change.oldAt);
    const key = (before ?? after)![0]!;
    expect(table.has(key), 'an inserted row is new, any other exists').toBe(change.operation !== INSERT_ROW);
    if (change.operation === DELETE_ROW) table.delete(before![0]!);
    else if (change.operation === INSERT_ROW) write(table, after![0]!, after!, false);
    else move(table, before?.[0] ?? after![0]!, after!);
  }
  if (batch.cut?.kind === 'move')
    move(table, decodeTuple(batch.bytes, batch.cut.oldAt)[0]!, decodeTuple(batch.bytes, batch.cut.at));
}

function tupleOf(place: { bytes: Buffer; at: number }): [Buffer, number] {
  return [place.bytes, place.at];
}

function move(table: Table, from: string, values: readonly TupleValue[]): void {
  const row = table.get(from);
  table.delete(from);
  if (row) table.set(values[0]!, row);
  write(table, values[0]!, values, true);
}

function write(table: Table, key: string, values: readonly TupleValue[], partial: boolean): void {
  const known = table.get(key);
  if (partial) expect(known, 'a partial row needs the row').toBeDefined();
  const value = (place: 1 | 2) => {
    if (values[place] !== undefined) return values[place];
    expect(partial, 'an unsent value must not be read as null').toBe(true);
    return known?.[place] ?? null;
  };
  table.set(key, [key, value(1), value(2)]);
}

interface Played {
  readonly table: Table;
  readonly batches: number;
}

function readAll(
  bytes: Buffer,
  sizes: readonly number[],
  states: Map<bigint, Table>,
  inOrder: boolean,
  from = 0n,
): Played {
  const table: Table = new Map(states.get(from));
  const positions = new Positions(from);
  const intake = new Intake(
    (buffer) =>
      new BatchBuilder(
        { slice: 's', stream: 's/forward', plans: [makePlan(inOrder)], positions, watch: NO_WATCH },
        buffer,
      ),
    { keepalive: () => undefined, control: () => undefined },
    // Small, so that large transactions arrive in parts.
    600,
  );
  let batches = 0;
  let endLsn = from;
  const drain = () => {
    while (intake.ready) {
      const batch = intake.take();
      batches++;
      applyBatch(table, batch);
      if (batch.endLsn > endLsn) endLsn = batch.endLsn;
      // At a complete batch the target equals the source after some transaction, never between two.
      if (batch.complete) expect([...table].sort()).toEqual([...(states.get(endLsn) ?? [])].sort());
      intake.release(batch);
    }
  };
  for (let at = 0, step = 0; at < bytes.length; step++) {
    const next = Math.min(bytes.length, at + sizes[step % sizes.length]!);
    intake.push(bytes.subarray(at, next));
    at = next;
    if (step % 3 === 0) drain();
  }
  drain();
  return { table, batches };
}

describe.each([
  ['net change', false, false],
  ['net change, replica identity FULL', false, true],
  ['in order', true, false],
])('%s', (_, inOrder, full) => {
  test('random transactions, cut anywhere, give the same result as the model', () => {
    fc.assert(
      fc.property(transactions, cuts, (intents, sizes) => {
        const { bytes, states } = play(intents, full);
        const { table } = readAll(bytes, sizes, states, inOrder);
        expect([...table].sort()).toEqual([...([...states.values()].at(-1) ?? [])].sort());
      }),
      { numRuns: 300 },
    );
  });

  test('transactions that the target already has are skipped', () => {
    fc.assert(
      fc.property(transactions, cuts, fc.nat(), (intents, sizes, pick) => {
        const { bytes, states } = play(intents, full);
        const lsns = [...states.keys()];
        const from = lsns[pick % lsns.length]!;
        const { table } = readAll(bytes, sizes, states, inOrder, from);
        expect([...table].sort()).toEqual([...([...states.values()].at(-1) ?? [])].sort());
      }),
      { numRuns: 100 },
    );
  });
});

test('a transaction that begins with this slice’s mark was written by a stream, and is left out; others are not', () => {
  const wire = new WireWriter(false);
  const table: Table = new Map();
  const states = new Map<bigint, Table>();
  const transaction = (...steps: readonly (string | [mark: string])[]): void => {
    wire.begin();
    for (const step of steps)
      if (typeof step === 'string') wire.insert([step, 'a', null]);
      else wire.message('ficus.apply', step[0]);
    if (steps[0]![0] !== 's')
      for (const step of steps) if (typeof step === 'string') table.set(step, [step, 'a', null]);
    states.set(wire.commit(), new Map(table));
  };
  transaction(['s'], '1');
  transaction(['other'], '2');
  transaction('3', ['s'], '4');
  const read = readAll(wire.finish(), [9], states, false);
  expect([...read.table.keys()].sort()).toEqual(['2', '3', '4']);
});
