import { expect, test } from 'vitest';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { decodeTuple, encodeTuple, NULL, TEXT, UNCHANGED } from '../decode/tuple.ts';
import { CopyWindows } from './copy-windows.ts';

const columns = ['id', 'left', 'right'];
const binding = {
  relation: {
    oid: 1,
    schema: 'public',
    name: 'item',
    identity: 'default',
    columns: columns.map((name) => ({ name, typeOid: 25, typmod: -1, identity: name === 'id' })),
  },
  plans: [],
  keyColumns: [0],
  inOrder: false,
  identityFull: false,
  keysMayMeet: false,
  columnPlaces: new Map(columns.map((name, place) => [name, place])),
} satisfies RelationBinding;

/** A tuple as the stream sends it; undefined is a value that was not sent. */
function tuple(...values: readonly (string | null | undefined)[]): Buffer {
  const fields = values.map((value) => {
    if (value === undefined) return Buffer.from([UNCHANGED]);
    if (value === null) return Buffer.from([NULL]);
    const text = Buffer.from(value);
    const head = Buffer.alloc(5);
    head[0] = TEXT;
    head.writeInt32BE(text.length, 1);
    return Buffer.concat([head, text]);
  });
  return Buffer.concat([Buffer.from([0, values.length]), ...fields]);
}

function openWindow(): CopyWindows {
  const windows = new CopyWindows();
  windows.expect('chunk', 'public.item');
  windows.open('chunk');
  return windows;
}

function touch(windows: CopyWindows, what: 'whole' | 'updated' | 'gone', bytes: Buffer, by = binding): void {
  windows.touched('public.item', 1, what, bytes, 0, by);
}

const NOTHING_RUNS = '10:10:';

test('two partial changes of one row are merged', () => {
  const windows = openWindow();
  touch(windows, 'updated', tuple('1', 'new left', undefined));
  touch(windows, 'updated', tuple('1', undefined, 'new right'));
  const entry = windows.close('chunk', NOTHING_RUNS)?.entries.get(1);
  if (entry === undefined || entry === 'superseded') throw new Error('the row cannot be complete');
  expect(decodeTuple(entry.tuple, 0)).toEqual(decodeTuple(encodeTuple(['1', 'new left', 'new right']), 0));
});

test('a value that both changes left out comes from the chunk', () => {
  const windows = openWindow();
  touch(windows, 'updated', tuple('1', 'a', undefined));
  touch(windows, 'updated', tuple('1', 'b', undefined));
  const entry = windows.close('chunk', NOTHING_RUNS)?.entries.get(1);
  expect(entry).toMatchObject({ tuple: tuple('1', 'b', undefined) });
});

test('a row is read again when its table was altered between two partial changes', () => {
  const windows = openWindow();
  touch(windows, 'updated', tuple('1', 'a', undefined));
  touch(windows, 'updated', tuple('1', undefined, 'b'), {
    ...binding,
    columnPlaces: new Map(binding.columnPlaces),
  });
  expect(windows.close('chunk', NOTHING_RUNS)?.invalid).toBe(true);
});

test('a chunk that misses a transaction from before its low mark is read again', () => {
  const windows = new CopyWindows();
  windows.sawTransaction(7);
  windows.expect('chunk', 'public.item');
  windows.open('chunk');
  expect(windows.close('chunk', '7:9:7')?.invalid).toBe(true);
});

test('a reader must see what arrived before the check, not what arrived since', () => {
  const windows = new CopyWindows();
  windows.sawTransaction(7);
  const sees = windows.arrived();
  windows.sawTransaction(9);
  expect(sees('7:9:7')).toBe(false);
  expect(sees('8:9:')).toBe(true);
  expect(windows.arrived()('8:9:')).toBe(false);
});
