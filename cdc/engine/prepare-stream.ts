/**
 * Everything between two connection URLs and a stream that can start: catalogs, mapping, publication, slot, checkpoint,
 * progress of the copy. Safe to run again after any interruption; changes nothing twice.
 */
import { randomUUID } from 'node:crypto';
import { FicusError, STREAM_SCHEMA, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import {
  type Checkpoint,
  createCheckpoint,
  raiseEpoch,
  type SessionPlace,
  takeCheckpoint,
} from '../apply/checkpoint.ts';
import { ensureState } from '../apply/state-schema.ts';
import type { TableCatalog } from '../catalog/database-catalog.ts';
import { readDigest } from '../catalog/read-digest.ts';
import { refuseStranger } from '../catalog/refuse-stranger.ts';
import { type CopyTask, loadProgress, makeCopyTask } from '../copy/copy-task.ts';
import { describeRelation } from '../decode/change-visitor.ts';
import { reach } from '../failpoints.ts';
import { refuseHandedOver } from '../fence/refuse-handed-over.ts';
import { mappedTables } from '../mapping/compile-mapping.ts';
import { compileSlice, refuseProblems } from '../mapping/compile-slice.ts';
import { findLeftBehind } from '../mapping/left-behind.ts';
import { findNarrowedColumns } from '../mapping/narrowed-columns.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { ReplicationOptions } from '../replication.ts';
import { createSlot } from '../source/create-slot.ts';
import { protectSource } from '../source/protect-source.ts';
import { ensurePublication, type PublicationEntries } from '../source/publication.ts';
import { readPlace } from '../source/read-place.ts';
import type { SystemIdentity } from '../source/replication-connection.ts';
import { dropSlot, readSlot } from '../source/slot.ts';
import { nameStream, type StreamNames } from '../source/stream-names.ts';
import { decideStart } from './decide-start.ts';
import { ensureProgress, refuseHalfCopied, refuseUnsent } from './ensure-progress.ts';
import { noWayBack } from './no-way-back.ts';
import { refuseReplaced } from './refuse-replaced.ts';

export interface PreparedStream {
  readonly names: StreamNames;
  /** What the plans were compiled from: the config's tables, or their reverse. */
  readonly tables: readonly TableConfig[];
  readonly plans: readonly TablePlan[];
  readonly tasks: readonly CopyTask[];
  readonly checkpoint: Checkpoint;
  /** This session, as the checkpoint's holder. */
  readonly place: SessionPlace;
  /** `schema.table` of the source → its shape (describeRelation) when the mapping was compiled. */
  readonly sourceShapes: ReadonlyMap<string, string>;
  /** Publication entry of each source table. */
  readonly published: PublicationEntries;
  /** Tables of the config on either side, `schema.table`. */
  readonly watched: Sides;
  /** Of both catalogs, from before the mapping was compiled (readDigest). */
  readonly digests: { readonly source: string; readonly target: string };
  /** WAL between the checkpoint and the source's end. */
  readonly backlogBytes: number;
}

/**
 * @param onLostRows as in ensureProgress
 * @throws FicusError when something has to be fixed first
 */
export async function prepareStream(
  options: ReplicationOptions,
  source: pg.Client,
  target: pg.Client,
  system: SystemIdentity,
  epoch: number,
  onLostRows: (source: string) => void,
): Promise<PreparedStream> {
  const place = await readPlace(source, target);
  const names = nameStream(options.slice, options.direction ?? 'forward', place);
  const watched = sidesOf(options);
  await refuseHarm(source, names, watched.source);
  const digests = await readDigests(source, target, watched);
  await refuseStranger(target, STREAM_SCHEMA);
  await refuseReplaced(source, target, names.stream, system, pairsOf(options));
  const { plans, catalogs, tables } = await compile(options, source, target);
  await ensureState(target);
  const holder = randomUUID();
  const { serverVersion } = catalogs.source;
  let published: PublicationEntries = new Map();
  const publish = async (slot: string) => {
    await options.record?.({ slot, publication: names.publication });
    await refuseUnsent(source, target, names, plans);
    published = await ensurePublication(
      source,
      names.publication,
      slot,
      plans.map((plan) => plan.source),
    );
  };
  const checkpoint = await ensureCheckpoint(source, target, names, publish, {
    system,
    serverVersion,
    epoch,
    holder,
    // Nothing is made on the source for a stream that cannot begin.
    refuseBegin: async () => {
      refuseProblems([
        ...findLeftBehind(tables, plans, catalogs, new Set()).filter(({ harmless }) => !harmless),
        ...findNarrowedColumns(tables, plans, catalogs, new Set()).filter(({ loses }) => loses),
      ]);
      if (options.direction !== 'reverse') await refuseHandedOver(source, options.slice);
    },
  });
  const tasks = plans.map((plan) => makeCopyTask(plan, plans));
  await ensureProgress(target, {
    source,
    stream: names.stream,
    plans,
    catalogs,
    tables,
    copies: options.direction !== 'reverse',
    published,
    onLostRows,
    baseDir: options.baseDir ?? process.cwd(),
  });
  await loadProgress(target, source, names.stream, tasks);
  refuseHalfCopied(tasks);
  const backlog = await source.query(
    'SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 AS bytes',
    [checkpoint.lsn],
  );
  return {
    names,
    tables,
    plans,
    tasks,
    checkpoint,
    place: { stream: names.stream, epoch: checkpoint.epoch, holder },
    published,
    watched,
    digests,
    sourceShapes: new Map([...catalogs.source.tables].map(([name, table]) => [name, shapeOf(table)])),
    backlogBytes: Number(backlog.rows[0].bytes),
  };
}

/** Before anything else, for a stream that cannot start must not harm either. @throws FicusError when it did */
async function refuseHarm(source: pg.Client, { publication }: StreamNames, tables: readonly string[]) {
  const undone = await protectSource(source, publication, tables);
  if (undone) throw undone;
}

/** The tables of the config on the side that the stream reads, and on the one that it writes. */
function sidesOf({ tables, direction }: Pick<ReplicationOptions, 'tables' | 'direction'>) {
  const { source, target } = mappedTables(tables);
  return direction === 'reverse' ? { source: target, target: source } : { source, target };
}

type Sides = ReturnType<typeof sidesOf>;

function pairsOf({ tables, direction }: ReplicationOptions): { from: string; to: string }[] {
  return tables.map(({ from, to }) => (direction === 'reverse' ? { from: to, to: from } : { from, to }));
}

async function readDigests(source: pg.Client, target: pg.Client, names: Sides) {
  return {
    source: await readDigest(source, names.source),
    target: await readDigest(target, names.target),
  };
}

/** @throws FicusError when the source cannot be streamed or the mapping does not fit */
async function compile(options: ReplicationOptions, source: pg.Client, target: pg.Client) {
  const { plans, catalogs, problems, tables, irreversible } = await compileSlice(options, source, target);
  const { walLevel } = catalogs.source;
  if (walLevel !== 'logical')
    throw new FicusError('FICUS_CDC_WAL_LEVEL', `wal_level of the source is “${walLevel}”, not “logical”.`);
  refuseProblems(problems);
  if (plans.length === 0) throw noWayBack(irreversible);
  return { plans, catalogs, tables };
}

async function ensureCheckpoint(
  source: pg.Client,
  target: pg.Client,
  names: StreamNames,
  publish: (slot: string) => Promise<void>,
  given: {
    system: SystemIdentity;
    serverVersion: number;
    epoch: number;
    holder: string;
    refuseBegin: () => Promise<void>;
  },
): Promise<Checkpoint> {
  const { system, serverVersion, epoch, holder, refuseBegin } = given;
  const known = await takeCheckpoint(target, names.stream, holder);
  const slot = await readSlot(source, known?.slot ?? names.slot);
  const sourceLsn = await readSourceLsn(source);
  const decision = decideStart({ checkpoint: known, slot, system, sourceLsn, epoch });
  switch (decision.kind) {
    case 'refuse':
      if (decision.dropSlot) await dropSlot(source, known!.slot);
      throw new FicusError(decision.code, decision.message);
    case 'resume': {
      if (known!.epoch < epoch && !(await raiseEpoch(target, names.stream, epoch)))
        throw new FicusError('FICUS_CDC_EPOCH_BEHIND', 'The target is already in a higher epoch.');
      await publish(known!.slot);
      return { ...known!, epoch };
    }
    case 'begin': {
      await refuseBegin();
      await publish(names.slot);
      if (decision.dropSlot) await dropSlot(source, names.slot);
      const lsn = await createSlot(source, names.slot, serverVersion);
      await reach('slot-created');
      const checkpoint = { epoch, lsn, slot: names.slot, ...system, leftOutUntil: '0/0' };
      await createCheckpoint(target, names.stream, checkpoint, holder);
      await reach('checkpoint-created');
      return checkpoint;
    }
  }
}

async function readSourceLsn(source: pg.Client): Promise<string> {
  const { rows } = await source.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  return rows[0]!.lsn;
}

function shapeOf(table: TableCatalog): string {
  return describeRelation({
    oid: table.oid,
    schema: table.schema,
    name: table.name,
    identity: 'default',
    columns: table.columns
      .filter((column) => !column.generated)
      .map(({ name, typeOid, typmod }) => ({ name, typeOid, typmod, identity: false })),
  });
}
