/**
 * Sets one sequence further; never back. Called by setSequencesAhead, on sequences of a side whose writers the fence
 * refuses or that has none yet, so that hardly anything draws from them meanwhile.
 */
import type pg from 'pg';
import { quoteLiteral } from '../catalog/quote.ts';
import type { SequenceFacts } from './sequence-facts.ts';

/** Meanwhile sessions that draw from the sequence wait, too. */
const LOCK_MS = 300;
const LOCK_NOT_AVAILABLE = '55P03';

export type Raised = 'set' | 'kept' | 'busy';

/**
 * With a cache of more than one, sessions may hold values from before, and would give them after, however far the sequence
 * is: ALTER SEQUENCE takes them back (each session sees that the sequence has another file). It waits for transactions
 * that have drawn from it, and is the owner's: for other roles a finding says what may be left.
 * @param goal the value to be given next; undefined when it is far enough
 */
export async function raiseSequence(
  client: pg.ClientBase,
  sequence: SequenceFacts,
  goal: bigint | undefined,
): Promise<Raised> {
  if (sequence.cache > 1n && sequence.owns) return raiseUnderLock(client, sequence, goal);
  if (goal === undefined) return 'kept';
  await client.query(raiseSql(sequence, goal));
  return 'set';
}

async function raiseUnderLock(
  client: pg.ClientBase,
  sequence: SequenceFacts,
  goal: bigint | undefined,
): Promise<Raised> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_MS}`);
    await client.query(`ALTER SEQUENCE ${sequence.sql} CACHE ${sequence.cache}`);
    if (goal !== undefined) await client.query(raiseSql(sequence, goal));
    await client.query('COMMIT');
    return goal === undefined ? 'kept' : 'set';
  } catch (error) {
    await client.query('ROLLBACK');
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return 'busy';
    throw error;
  }
}

/**
 * A value drawn between the look and the setting would be given twice, if it lay beyond the goal: that is why the goal
 * always lies a whole headroom beyond the present value.
 */
function raiseSql({ sql, increment }: SequenceFacts, goal: bigint): string {
  const last = goal - increment;
  const behind = increment > 0n ? '<' : '>';
  return `SELECT setval(${quoteLiteral(sql)}::regclass, ${last}, true) FROM ${sql} WHERE last_value ${behind} ${last}`;
}
