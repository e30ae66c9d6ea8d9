import { beforeEach, describe, expect, test } from 'vitest';
import { type PinCount, PinLedger } from './pin-ledger.ts';
import { EVERYBODY, PinTable, SESSIONS } from './pin-table.ts';

let released: PinCount[];
let questions: {
  slices: readonly string[];
  answer: (positions: Record<string, string>) => void;
  fail: () => void;
}[];
let later: (() => void)[];
let ledger: PinLedger;

beforeEach(() => {
  [released, questions, later] = [[], [], []];
  ledger = new PinLedger({
    askPositions: (slices) =>
      new Promise((resolve, reject) => {
        questions.push({ slices, answer: resolve, fail: () => reject(new Error('away')) });
      }),
    onRelease: (pins) => released.push(...pins),
    later: (action) => later.push(action),
  });
});
const settle = () => new Promise((resolve) => setImmediate(resolve));
const progress = (appliedLsn: string, healthy = true) => ledger.progress({ notes: { appliedLsn, healthy } });
const ann = { slice: 'notes', key: 'ann', count: 1 };

describe('a pin’s life', () => {
  test('is released when the stream has passed the position taken after the answer', async () => {
    progress('0/FFF');
    ledger.begin(1, 'notes', 'ann');
    expect(questions).toHaveLength(0);
    ledger.answered(1, 'notes', 'ann');
    questions[0]!.answer({ notes: '0/1000' });
    await settle();
    expect(released).toEqual([]);
    expect(ledger.list()).toEqual([ann]);
    progress('0/1000');
    expect(released).toEqual([ann]);
    expect(ledger.list()).toEqual([]);
  });

  test('requests positions one at a time; later writes go into the next request', async () => {
    for (const key of ['a', 'b', 'c']) ledger.begin(1, 'notes', key);
    ledger.answered(1, 'notes', 'a');
    ledger.answered(1, 'notes', 'b');
    ledger.answered(1, 'notes', 'c');
    expect(questions).toHaveLength(1);
    questions[0]!.answer({ notes: '0/1' });
    await settle();
    expect(questions).toHaveLength(2);
    progress('0/1');
    expect(released).toEqual([{ ...ann, key: 'a' }]);
    questions[1]!.answer({ notes: '0/1' });
    await settle();
    expect(released.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
  });

  test('retries after a failed request or a missing position, and releases nothing', async () => {
    ledger.begin(1, 'notes', 'ann');
    ledger.answered(1, 'notes', 'ann');
    questions[0]!.fail();
    await settle();
    expect(questions).toHaveLength(1);
    later.shift()!();
    questions[1]!.answer({});
    await settle();
    expect(ledger.list()).toEqual([ann]);
    later.shift()!();
    questions[2]!.answer({ notes: '0/1' });
    await settle();
    progress('0/1');
    expect(released).toEqual([ann]);
  });

  test('reaches a worker that starts while its position is requested', async () => {
    ledger.begin(1, 'notes', 'ann');
    ledger.answered(1, 'notes', 'ann');
    expect(ledger.list()).toEqual([ann]);
    questions[0]!.fail();
    await settle();
    expect(ledger.list()).toEqual([ann]);
    later.shift()!();
    expect(ledger.list()).toEqual([ann]);
  });

  test('retries after an unreadable answer', async () => {
    ledger.begin(1, 'notes', 'ann');
    ledger.answered(1, 'notes', 'ann');
    questions[0]!.answer({ notes: 'nonsense' });
    await settle();
    expect(ledger.list()).toEqual([ann]);
    later.shift()!();
    questions[1]!.answer({ notes: '0/1' });
    await settle();
    progress('0/1');
    expect(released).toEqual([ann]);
  });

  test('requests a position again that arrives after a change of owner: it belongs to the old owner’s WAL', async () => {
    ledger.begin(1, 'notes', 'ann');
    ledger.answered(1, 'notes', 'ann');
    ledger.forgetPositions('notes');
    questions[0]!.answer({ notes: '99/0' });
    await settle();
    expect(later).toHaveLength(1);
    later.shift()!();
    questions[1]!.answer({ notes: '0/5' });
    await settle();
    ledger.begin(1, 'notes', 'bob');
    ledger.answered(1, 'notes', 'bob');
    questions[2]!.answer({ notes: '0/6' });
    await settle();
    progress('0/6');
    // Left in, the old high position would hold back all later ones forever.
    expect(released).toEqual([ann, { ...ann, key: 'bob' }]);
  });

  test('two writes of one user hold two pins', async () => {
    ledger.begin(1, 'notes', 'ann');
    ledger.begin(2, 'notes', 'ann');
    ledger.answered(1, 'notes', 'ann');
    questions[0]!.answer({ notes: '0/1' });
    await settle();
    progress('0/5');
    expect(ledger.list()).toEqual([ann]);
  });

  test('is one entry for a user who keeps writing while the stream is stalled', async () => {
    for (let write = 1; write <= 50; write += 1) {
      ledger.begin(1, 'notes', 'ann');
      ledger.answered(1, 'notes', 'ann');
      questions.at(-1)!.answer({ notes: `0/${(write * 16).toString(16)}` });
      await settle();
      if (write === 1) {
        ledger.begin(1, 'notes', 'bob');
        ledger.answered(1, 'notes', 'bob');
        questions.at(-1)!.answer({ notes: '0/10' });
        await settle();
      }
    }
    expect(ledger.list()).toEqual([
      { ...ann, key: 'bob' },
      { ...ann, count: 50 },
    ]);
    progress('0/31F');
    expect(released).toEqual([{ ...ann, key: 'bob' }]);
    progress('0/320');
    expect(released).toEqual([
      { ...ann, key: 'bob' },
      { ...ann, count: 50 },
    ]);
  });

  test('lasts until the stream has passed the writes of a worker that exited', async () => {
    ledger.begin(3, 'notes', 'ann');
    ledger.workerGone(3);
    questions[0]!.answer({ notes: '0/9' });
    await settle();
    progress('0/9');
    expect(released).toEqual([ann]);
  });

  test('waits until the writes of a crashed worker can no longer be executed, and only then requests the position', async () => {
    ledger.begin(3, 'notes', 'ann');
    ledger.begin(3, 'notes', 'bob');
    ledger.workerGone(3, 30_000);
    expect(questions).toHaveLength(0);
    expect(ledger.list()).toEqual([ann, { ...ann, key: 'bob' }]);
    // For one write, the worker was known to be gone before.
    ledger.answered(3, 'notes', 'bob');
    questions[0]!.answer({ notes: '0/5' });
    await settle();
    expect(later).toHaveLength(1);
    later.shift()!();
    questions[1]!.answer({ notes: '0/9' });
    await settle();
    progress('0/8');
    expect(released).toEqual([{ ...ann, key: 'bob' }]);
    progress('0/9');
    expect(released).toEqual([{ ...ann, key: 'bob' }, ann]);
    ledger.workerGone(4, 30_000);
    expect(later).toEqual([]);
  });

  test('unhealthy progress releases nothing; a new owner’s positions are requested again', async () => {
    ledger.begin(1, 'notes', 'ann');
    ledger.answered(1, 'notes', 'ann');
    questions[0]!.answer({ notes: '0/9' });
    await settle();
    progress('1/0', false);
    expect(released).toEqual([]);
    ledger.forgetPositions('notes');
    expect(questions).toHaveLength(2);
    progress('1/0');
    expect(released).toEqual([]);
    questions[1]!.answer({ notes: '0/3' });
    await settle();
    expect(released).toEqual([ann]);
  });

  test('of a session that a write may change ends with the write, or after a crash, and waits for no stream', () => {
    const alone = new PinLedger({
      askPositions: undefined,
      onRelease: (pins) => released.push(...pins),
      later: (action) => later.push(action),
    });
    const session = { slice: SESSIONS, key: 'digest', count: 1 };
    alone.begin(1, SESSIONS, 'digest');
    alone.begin(2, SESSIONS, 'digest');
    expect(alone.list()).toEqual([{ ...session, count: 2 }]);
    alone.answered(1, SESSIONS, 'digest');
    expect(released).toEqual([session]);
    alone.workerGone(2, 1_000);
    later.shift()!();
    expect(released).toEqual([session, session]);
    expect(alone.list()).toEqual([]);
  });

  test('without a control plane pins stay', () => {
    const alone = new PinLedger({ askPositions: undefined, onRelease: () => {}, later: () => {} });
    alone.begin(1, 'notes', 'ann');
    alone.answered(1, 'notes', 'ann');
    alone.progress({ notes: { appliedLsn: 'F/0', healthy: true } });
    expect(alone.list()).toEqual([ann]);
  });
});

describe('PinTable', () => {
  test('counts', () => {
    const table = new PinTable();
    table.pin('notes', 'ann', 2);
    table.release('notes', 'ann');
    expect(table.isPinned('notes', 'ann')).toBe(true);
    table.release('notes', 'ann');
    expect(table.isPinned('notes', 'ann')).toBe(false);
    expect(table.isPinned('other', 'ann')).toBe(false);
  });

  test('when pins do not fit, all users are pinned until the writes are applied', () => {
    const said: boolean[] = [];
    const table = new PinTable((_, begins) => said.push(begins), 2);
    const keys = ['a', 'b', 'c', 'd', 'a'].map((key) => {
      const pinnedAs = table.keyFor('notes', key);
      table.pin('notes', pinnedAs);
      return pinnedAs;
    });
    expect(keys).toEqual(['a', 'b', EVERYBODY, EVERYBODY, 'a']);
    expect(table.isPinned('notes', 'other')).toBe(true);
    table.release('notes', EVERYBODY);
    expect(table.isPinned('notes', 'other')).toBe(true);
    table.release('notes', EVERYBODY);
    expect(table.isPinned('notes', 'other')).toBe(false);
    expect(table.isPinned('notes', 'a')).toBe(true);
    expect(said).toEqual([true, false]);
  });
});
