/**
 * Reads all sequences and greatest keys of one side in one round trip. The statement is prepared when the session is
 * opened, so that in the hold it is neither parsed nor planned again.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { Reading, Readings } from './judge-sequence.ts';
import { type KeyColumn, rangeOfType, type SequenceFacts } from './sequence-facts.ts';
import type { PlannedSequence, SequencePlan } from './sequence-plan.ts';

/** What is read on one side; the positions are those of the rows. */
interface Questions {
  readonly sql: string;
  readonly count: number;
}

type Item =
  | { readonly kind: 'sequence'; readonly sequence: SequenceFacts }
  | { readonly kind: 'key'; readonly column: KeyColumn; readonly descending: boolean };

const isReadable = (column: KeyColumn | undefined): column is KeyColumn =>
  column?.indexed === true && column.mayRead && rangeOfType(column.type) !== undefined;

/** The old owner's: its sequences, and the counterparts of the columns. */
const oldItems = ({ sequence, before, columns }: PlannedSequence): Item[] => [
  ...before.filter(({ maySelect }) => maySelect).map((each): Item => ({ kind: 'sequence', sequence: each })),
  ...columns
    .flatMap(({ counterpart }) => (isReadable(counterpart) ? counterpart : []))
    .map((column): Item => ({ kind: 'key', column, descending: sequence.increment < 0n })),
];

const newItems = ({ sequence, columns }: PlannedSequence): Item[] => [
  ...(sequence.maySelect ? [{ kind: 'sequence', sequence } as const] : []),
  ...columns
    .flatMap(({ column }) => (isReadable(column) ? column : []))
    .map((column): Item => ({ kind: 'key', column, descending: sequence.increment < 0n })),
];

function ask(items: readonly Item[]): Questions {
  const parts = items.map((item, at) => {
    if (item.kind === 'sequence')
      return `SELECT ${at} AS at, last_value::numeric AS value, is_called AS called FROM ${item.sequence.sql}`;
    const [name, far] = [quoteIdentifier(item.column.column), item.descending ? 'min' : 'max'];
    const round = item.descending ? 'floor' : 'ceil';
    return `SELECT ${at} AS at, ${round}(${far}(${name})::numeric) AS value, true AS called FROM ${item.column.tableSql}`;
  });
  return { sql: parts.join(' UNION ALL '), count: parts.length };
}

export interface SequenceClients {
  readonly newOwner: pg.ClientBase;
  readonly oldOwner: pg.ClientBase;
}

/** In the order of the plan's sequences; undefined where the role may not read one of them. */
export async function readReadings(
  plan: SequencePlan,
  clients: SequenceClients,
): Promise<(Readings | undefined)[]> {
  const [fresh, old] = await Promise.all([
    run(clients.newOwner, plan.sequences.flatMap(newItems)),
    run(clients.oldOwner, plan.sequences.flatMap(oldItems)),
  ]);
  return plan.sequences.map((planned) => {
    const own = fresh.splice(0, newItems(planned).length);
    const before = old.splice(0, oldItems(planned).length);
    if (!isReadableSequence(planned)) return undefined;
    const [{ value: last, called }, ...ownKeys] = own as [Answer, ...Answer[]];
    const sequences = before.splice(0, planned.before.length);
    return {
      own: { last: last!, called },
      before: sequences.map(({ value, called }): Reading => ({ last: value!, called })),
      // An empty table has none.
      keys: [...ownKeys, ...before].flatMap(({ value }) => value ?? []),
    };
  });
}

/** Whether the roles may read the sequence and those before it. */
export const isReadableSequence = ({ sequence, before }: PlannedSequence): boolean =>
  [sequence, ...before].every(({ maySelect }) => maySelect);

interface Answer {
  readonly value: bigint | undefined;
  readonly called: boolean;
}

async function run(client: pg.ClientBase, items: readonly Item[]): Promise<Answer[]> {
  const { sql, count } = ask(items);
  if (count === 0) return [];
  const { rows } = await client.query<{ at: number; value: string | null; called: boolean }>({
    name: `ficus ${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`,
    text: sql,
  });
  const answers: Answer[] = [];
  for (const { at, value, called } of rows)
    answers[at] = { value: value === null ? undefined : BigInt(value), called };
  return answers;
}
