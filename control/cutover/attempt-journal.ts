/**
 * The journal in the control database. Every change is a compare and set on the row: a process that was overtaken changes
 * nothing. A row is under way until `finished_at`, so that a restart also ends what was only half undone.
 */
import { type CutoverStep, FicusError, printable, readErrorCode, type Side } from '@ficus/core';
import { recordAudit } from '../store/audit-log.ts';
import { jsonbText } from '../store/jsonb-text.ts';
import type { Store } from '../store/open-store.ts';
import type {
  Attempt,
  AttemptFailure,
  AttemptOutcome,
  AttemptRecord,
  AttemptReport,
  AttemptRow,
  Operation,
  Timings,
} from './attempt.ts';
import type { AttemptWish, Journal } from './ports.ts';

interface Row {
  readonly id: string;
  readonly slice: string;
  readonly operation: Operation;
  readonly new_owner: Side;
  readonly from_epoch: string;
  readonly epoch: string;
  readonly rehearsal: boolean;
  readonly no_way_back: boolean;
  readonly step: CutoverStep;
  readonly outcome: AttemptOutcome | null;
  readonly failed_step: CutoverStep | null;
  readonly error_code: string | null;
  readonly message: string | null;
  readonly barrier: string | null;
  readonly timings: Timings;
  readonly notes: readonly string[];
  readonly report: AttemptReport;
  readonly actor: string;
  readonly reason: string;
  readonly started_at: Date;
  readonly journaled_at: Date | null;
  readonly finished_at: Date | null;
}

/** Neither ended nor in the journal. */
const OPEN = 'id = $1 AND outcome IS NULL AND journaled_at IS NULL AND finished_at IS NULL';

export class AttemptJournal implements Journal {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  begin(wish: AttemptWish, above: number): Promise<AttemptRow> {
    const { slice, operation, rehearsal, noWayBack, actor, reason } = wish;
    const to: Side = operation === 'cutover' ? 'candidate' : 'legacy';
    return this.#store.transaction(async (query) => {
      const [state] = await query<{ owner: Side; epoch: string; retired: boolean }>(
        'SELECT owner, epoch, retired FROM slice WHERE name = $1 FOR UPDATE',
        [slice],
      );
      refuseBegin(slice, to, state);
      await refuseSecond(query, slice);
      const [row] = await query<Row>(
        `INSERT INTO attempt (slice, operation, new_owner, from_epoch, epoch, rehearsal, no_way_back, step, actor, reason)
         SELECT $1, $2, $3, $4, 1 + greatest($4, $5, (SELECT max(epoch) FROM attempt WHERE slice = $1)), $6, $7, 'arm', $8, $9
         RETURNING *`,
        [slice, operation, to, state.epoch, above, rehearsal, noWayBack, actor, reason],
      );
      return toAttempt(row!);
    });
  }

  async enter({ id }: Attempt, step: CutoverStep): Promise<boolean> {
    const sql = `UPDATE attempt SET step = $2 WHERE ${OPEN} RETURNING id`;
    return (await this.#store.query(sql, [id, step])).length > 0;
  }

  async commit(attempt: Attempt, barrier: string, timings: Timings): Promise<boolean> {
    const overtaken = Symbol();
    try {
      await this.#store.transaction(async (query) => {
        if ((await query(COMMIT, commitValues(attempt, barrier, timings))).length === 0) throw overtaken;
      });
      return true;
    } catch (error) {
      if (error === overtaken) return false;
      throw error;
    }
  }

  async abandon(
    attempt: Attempt,
    failure: AttemptFailure | null,
    record: AttemptRecord,
  ): Promise<AttemptRow> {
    await this.#store.query(
      `UPDATE attempt SET outcome = $2, failed_step = $3, error_code = $4, message = $5, timings = timings || $6::jsonb,
         notes = $7::jsonb, report = $8::jsonb
       WHERE ${OPEN}`,
      [
        attempt.id,
        failure ? 'abandoned' : 'rehearsed',
        failure?.step ?? null,
        failure?.code ?? null,
        // Names of proxies are in it, of which PostgreSQL may store none.
        failure ? printable(failure.message) : null,
        ...recordTexts(record),
      ],
    );
    return this.#read(attempt);
  }

  async finish(attempt: Attempt, record: AttemptRecord): Promise<AttemptRow> {
    await this.#store.query(
      `UPDATE attempt SET outcome = coalesce(outcome, 'done'), finished_at = now(),
         step = CASE WHEN journaled_at IS NULL THEN step ELSE 'check' END, timings = timings || $2::jsonb, notes = $3::jsonb, report = $4::jsonb
       WHERE id = $1 AND finished_at IS NULL AND (outcome IS NOT NULL OR journaled_at IS NOT NULL)`,
      [attempt.id, ...recordTexts(record)],
    );
    return this.#read(attempt);
  }

  async #read({ id, slice }: Attempt): Promise<AttemptRow> {
    const [row] = await this.#store.query<Row>('SELECT * FROM attempt WHERE id = $1', [id]);
    if (row) return toAttempt(row);
    throw new FicusError('FICUS_CUTOVER_OVERTAKEN', `The journal has no attempt ${id} of ${slice} any more.`);
  }

  /** Under way, or to be undone. */
  async unfinished(): Promise<readonly AttemptRow[]> {
    const rows = await this.#store.query<Row>('SELECT * FROM attempt WHERE finished_at IS NULL ORDER BY id');
    return rows.map(toAttempt);
  }

  /** Of attempts that ended before the journal step. */
  async endedEpochs(slice: string): Promise<ReadonlySet<number>> {
    const rows = await this.#store.query<{ epoch: string }>(
      'SELECT epoch FROM attempt WHERE slice = $1 AND finished_at IS NOT NULL AND journaled_at IS NULL',
      [slice],
    );
    return new Set(rows.map(({ epoch }) => Number(epoch)));
  }

  /** The newest attempt of each slice. */
  async last(): Promise<readonly AttemptRow[]> {
    const rows = await this.#store.query<Row>(
      'SELECT DISTINCT ON (slice) * FROM attempt ORDER BY slice, id DESC',
    );
    return rows.map(toAttempt);
  }
}

/** One statement: the slice's row is locked first, so that the attempt's is set only for a slice that is as it was. */
const COMMIT = `WITH same AS (SELECT name FROM slice WHERE name = $2 AND owner = $3 AND epoch = $4 AND NOT retired FOR UPDATE),
   journaled AS (UPDATE attempt SET step = 'journal', barrier = $7, timings = timings || $8::jsonb, journaled_at = now()
     FROM same WHERE ${OPEN} AND slice = same.name AND epoch = $6 RETURNING slice),
   changed AS (UPDATE slice SET owner = $5, epoch = $6, changed_at = now() FROM journaled WHERE name = journaled.slice
     AND owner = $3 AND epoch = $4 RETURNING name)
   INSERT INTO audit (actor, action, slice, was, became, reason)
     SELECT $9, $10, name, jsonb_build_object('owner', $3::text, 'epoch', $4::bigint),
       jsonb_build_object('owner', $5::text, 'epoch', $6::bigint), $11 FROM changed RETURNING id`;

function commitValues(attempt: Attempt, barrier: string, timings: Timings): unknown[] {
  const { id, slice, from, fromEpoch, to, epoch, actor, operation, reason } = attempt;
  return [id, slice, from, fromEpoch, to, epoch, barrier, JSON.stringify(timings), actor, operation, reason];
}

function refuseBegin(
  slice: string,
  to: Side,
  state: { owner: Side; retired: boolean } | undefined,
): asserts state {
  if (!state) throw new FicusError('FICUS_SLICE_UNKNOWN', `The control database has no slice “${slice}”.`);
  if (state.retired)
    throw new FicusError('FICUS_CUTOVER_RETIRED', `${slice} is retired; its owner is the ${state.owner}.`);
  if (state.owner === to)
    throw new FicusError('FICUS_CUTOVER_OWNER_THERE', `The ${to} owns ${slice} already.`);
}

async function refuseSecond(query: Store['query'], slice: string): Promise<void> {
  const [other] = await query<Row>('SELECT * FROM attempt WHERE slice = $1 AND finished_at IS NULL', [slice]);
  if (!other) return;
  const since = other.started_at.toISOString();
  throw new FicusError(
    'FICUS_CUTOVER_BUSY',
    `A ${other.operation} of ${slice} by ${other.actor} is under way since ${since}.`,
  );
}

const recordTexts = ({ timings, notes, report }: AttemptRecord): string[] => [
  JSON.stringify(timings),
  jsonbText(notes),
  jsonbText(report),
];

function toAttempt(row: Row): AttemptRow {
  const { slice, operation, rehearsal, step, outcome, barrier, timings, notes, report, actor, reason } = row;
  return {
    ...{ slice, operation, rehearsal, step, outcome, barrier, timings, notes, report, actor, reason },
    id: Number(row.id),
    from: row.new_owner === 'candidate' ? 'legacy' : 'candidate',
    to: row.new_owner,
    fromEpoch: Number(row.from_epoch),
    epoch: Number(row.epoch),
    noWayBack: row.no_way_back,
    failure:
      row.failed_step === null || row.error_code === null
        ? null
        : { step: row.failed_step, code: readErrorCode(row.error_code), message: row.message ?? '' },
    startedAt: row.started_at.toISOString(),
    journaledAt: row.journaled_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}

/** For an attempt that changed nothing: the audit names it, too. */
export async function auditEnd(store: Store, row: AttemptRow): Promise<void> {
  if (row.journaledAt !== null) return;
  const { actor, operation, slice, reason, epoch, failure } = row;
  await recordAudit(
    store.query.bind(store),
    {
      actor,
      action: row.rehearsal ? `${operation}-dry-run` : operation,
      slice,
      was: null,
      became: { epoch, step: failure?.step ?? null, error: failure?.code ?? null },
      reason,
    },
    failure ? 'refused' : 'made',
  );
}
