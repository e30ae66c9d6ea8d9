/** Mistakes in the fence, in the sequences, and in what the streams keep apart. */
import type { Mutant, NamedTest } from './mutant.ts';

const SQL = 'cdc/fence/slice-sql.ts';
const inTurn = (test: string): NamedTest => ({ file: 'test/integration/cdc/fence/turn.pg.test.ts', test });
const inApplier = (test: string): NamedTest => ({
  file: 'test/integration/cdc/fence/applier.pg.test.ts',
  test,
});
const inEpoch = (test: string): NamedTest => ({
  file: 'test/integration/cdc/reverse/epoch.pg.test.ts',
  test,
});
const EMIT = "pg_logical_emit_message(true, 'ficus.fence', wanted::text)";

export const FENCE_MUTANTS: readonly Mutant[] = [
  {
    name: 'position-before-drain',
    effect: 'the position is taken before open writers have ended: what they commit lies behind the barrier',
    file: SQL,
    edits: [
      { find: `lsn := ${EMIT};`, replace: 'lsn := early;' },
      {
        find: 'gap text;\nBEGIN\n  turned := false;',
        replace: `gap text; early pg_lsn := ${EMIT};\nBEGIN\n  turned := false;`,
      },
    ],
    caughtBy: [
      inTurn('the position lies behind every write that passed, is durable, and comes back in the stream'),
    ],
  },
  {
    name: 'guard-passes-hold',
    effect: 'a fence that holds lets writers pass',
    file: SQL,
    edits: [
      {
        find: 'IF got AND ${mode} 0 THEN RETURN NULL; END IF;',
        replace: 'IF got AND (${mode} 0 OR ${mode} 2) THEN RETURN NULL; END IF;',
      },
    ],
    caughtBy: [inTurn('armed passes, hold and moved refuse with words, and lifted it passes again')],
  },
  {
    name: 'open-writers-not-waited-for',
    effect: 'the fence is turned while a transaction that has written is open',
    file: SQL,
    edits: [
      {
        find: 'IF pass = 2 AND (was & 7 IN (0, 1) OR was >> 3 <> wanted >> 3) THEN PERFORM pg_advisory_xact_lock(@KEY@); END IF;',
        replace: '',
      },
    ],
    caughtBy: [inTurn('a writer that does not end is named, the fence stays open, and writers pass again')],
  },
  {
    name: 'lifting-waits',
    effect: 'every turn waits for writers: one open transaction of the stream keeps the new owner shut',
    file: SQL,
    edits: [
      {
        find: 'FOR pass IN 1..CASE WHEN wanted & 7 IN (2, 3) THEN 2 ELSE 0 END LOOP',
        replace:
          'PERFORM pg_advisory_xact_lock(@KEY@);\n  FOR pass IN 1..CASE WHEN wanted & 7 IN (2, 3) THEN 2 ELSE 0 END LOOP',
      },
    ],
    caughtBy: [inTurn('lifting waits for no writer: not for the stream’s long transaction either')],
  },
  {
    name: 'turn-uncompared',
    effect: 'a coordinator that was overtaken turns the fence of a later attempt',
    file: SQL,
    edits: [{ find: 'was IS NULL OR was NOT IN (expected, wanted)', replace: 'was IS NULL' }],
    caughtBy: [
      inTurn(
        'compare and set: a late coordinator changes nothing, the same turn again is answered as before',
      ),
    ],
  },
  {
    name: 'guard-epoch-unchecked',
    effect: 'a stream of an older epoch passes the fence',
    file: SQL,
    edits: [
      {
        find: 'OPERATOR(pg_catalog.=) (v OPERATOR(pg_catalog.>>) 3)::pg_catalog.text\n',
        replace: "OPERATOR(pg_catalog.<>) ''\n",
      },
    ],
    caughtBy: [inApplier('refused: the applier’s role with an older epoch')],
  },
  {
    name: 'mark-dropped',
    effect: 'the stream’s transactions do not pass the fence of the side that they write',
    file: 'cdc/apply/begin-apply.ts',
    edits: [
      {
        find: "BEGIN; SET LOCAL ficus_fence.mark = '${epoch}'",
        replace: "BEGIN; SET LOCAL ficus_fence.of = '${epoch}'",
      },
    ],
    caughtBy: [inApplier('what the stream and its copy begin passes a fence of its epoch, and no other')],
  },
  {
    name: 'checkpoint-epoch-unchecked',
    effect:
      'a process of an older epoch moves the checkpoint, and applies what the new owner has overwritten',
    file: 'cdc/apply/state-schema.ts',
    edits: [
      {
        find: 'WHERE stream = of_stream AND epoch = of_epoch AND holder',
        replace: 'WHERE stream = of_stream AND holder',
      },
    ],
    caughtBy: [
      inEpoch('a process that still has the old one, or no longer the stream, commits nothing any more'),
    ],
  },
  {
    name: 'checkpoint-holder-unchecked',
    effect: 'a session that was replaced applies the same changes a second time',
    file: 'cdc/apply/state-schema.ts',
    edits: [{ find: 'AND holder = by_holder AND lsn = from_lsn', replace: 'AND lsn = from_lsn' }],
    caughtBy: [
      inEpoch('a process that still has the old one, or no longer the stream, commits nothing any more'),
    ],
  },
  {
    name: 'echo',
    effect: 'what a stream has written returns with the other one',
    file: 'cdc/batch/batch-builder.ts',
    edits: [
      {
        find: 'this.#skipping = true;\n      return CONTINUE;',
        replace: 'this.#skipping = false;\n      return CONTINUE;',
      },
    ],
    caughtBy: [
      {
        file: 'cdc/batch/batch-builder.test.ts',
        test: 'a transaction that begins with this slice’s mark was written by a stream, and is left out; others are not',
      },
    ],
  },
  {
    name: 'barrier-not-durable',
    effect: 'a crash of the new owner loses rows that the change of owner has relied on',
    file: 'control/cutover/open-sides.ts',
    edits: [{ find: '?.waitForDurable(lsn, timeoutMs)', replace: '?.waitForPosition(lsn, timeoutMs)' }],
    caughtBy: [
      {
        file: 'control/cutover/open-sides.test.ts',
        test: 'from the legacy the barrier comes by the forward stream, and is waited for until it is durable',
      },
    ],
  },
  {
    name: 'flush-left-out',
    effect: 'the stream says that rows are durable which a crash of its target loses',
    file: 'cdc/apply/applier.ts',
    edits: [
      {
        find: "    this.#session.send('BEGIN');\n    this.#session.send('SET LOCAL synchronous_commit = on');\n",
        replace: "    this.#session.send('BEGIN');\n",
      },
    ],
    caughtBy: [
      {
        file: 'test/integration/cdc/reverse/durable-barrier.pg.test.ts',
        test: 'what was applied before anyone asked is made durable when somebody does',
      },
    ],
  },
  {
    name: 'sequence-not-raised',
    effect: 'a sequence that is behind stays where it is',
    file: 'cdc/sequences/raise-sequence.ts',
    edits: [{ find: '  await client.query(raiseSql(sequence, goal));\n  return', replace: '  return' }],
    caughtBy: [
      {
        file: 'test/integration/cdc/sequences/set-ahead.pg.test.ts',
        test: 'the old owner draws on: within the headroom the comparison finds nothing, beyond it says so',
      },
    ],
  },
];
