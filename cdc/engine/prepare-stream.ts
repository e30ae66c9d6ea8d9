/**
 * Everything between two connection URLs and a stream that can start: catalogs, mapping, publication, slot, checkpoint,
 * progress of the copy. Safe to run again after any interruption; changes nothing twice.
 */
import { randomUUID } from 'node:crypto';
import { FicusError, type TableConfig } from '@ficus/core';
import pg from 'pg';
import {
  type Checkpoint,
  createCheckpoint,
  ensureCheckpointTables,
  raiseEpoch,
  takeCheckpoint,
} from '../apply/checkpoint.ts';
import type { DatabaseCatalog, TableCatalog } from '../catalog/database-catalog.ts';
import { readSystemIdentifier } from '../catalog/read-system-identifier.ts';
import { applySessionSettings } from '../catalog/session-settings.ts';
import { type CopyTask, isWhole, loadProgress, makeCopyTask } from '../copy/copy-task.ts';
import { groupBySource } from '../copy/whole-tables.ts';
import { describeRelation } from '../decode/change-visitor.ts';
import { reach } from '../failpoints.ts';
import { compileSlice, refuseProblems } from '../mapping/compile-slice.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { ReplicationOptions } from '../replication.ts';
import { createSlot } from '../source/create-slot.ts';
import { withinTime } from '../source/end-client.ts';
import { ensurePublication, type PublicationEntries, refuseGap } from '../source/publication.ts';
import type { SystemIdentity } from '../source/replication-connection.ts';
import { dropSlot, readSlot } from '../source/slot.ts';
import { nameStream, type StreamNames } from '../source/stream-names.ts';
import { decideStart } from './decide-start.ts';
import { describeColumn, describeDropped, evaluateColumns } from './evaluate-columns.ts';

export interface PreparedStream {
  readonly names: StreamNames;
  readonly plans: readonly TablePlan[];
  readonly tasks: readonly CopyTask[];
  readonly checkpoint: Checkpoint;
  readonly epoch: number;
  /** This session, as the checkpoint's holder. */
  readonly holder: string;
  /** `schema.table` of the source → its shape (describeRelation) when the mapping was compiled. */
  readonly sourceShapes: ReadonlyMap<string, string>;
  /** Publication entry of each source table. */
  readonly published: PublicationEntries;
  /** WAL between the checkpoint and the source's end. */
  readonly backlogBytes: number;
}

export async function connectTo(url: string, applicationName: string, answerMs = 10_000): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: answerMs,
  });
  client.on('error', () => undefined);
  await client.connect();
  await withinTime(client, answerMs, () => applySessionSettings(client));
  return client;
}

/** @throws FicusError when something has to be fixed first */
export async function prepareStream(
  options: ReplicationOptions,
  source: pg.Client,
  target: pg.Client,
  system: SystemIdentity,
): Promise<PreparedStream> {
  const epoch = options.epoch ?? 1;
  const place = await readPlace(source, target);
  const names = nameStream(options.slice, options.direction ?? 'forward', place);
  const { plans, catalogs } = await compile(options, source, target);
  await ensureCheckpointTables(target);
  const holder = randomUUID();
  const { serverVersion } = catalogs.source;
  let published: PublicationEntries = new Map();
  const publish = async (slot: string) => {
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
  });
  const tasks = plans.map((plan) => makeCopyTask(plan, plans));
  await ensureProgress(target, names.stream, plans, catalogs, options.tables, published);
  await loadProgress(target, source, names.stream, tasks);
  refuseHalfCopied(tasks);
  const backlog = await source.query(
    'SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 AS bytes',
    [checkpoint.lsn],
  );
  return {
    names,
    plans,
    tasks,
    checkpoint,
    epoch,
    holder,
    published,
    sourceShapes: new Map([...catalogs.source.tables].map(([name, table]) => [name, shapeOf(table)])),
    backlogBytes: Number(backlog.rows[0].bytes),
  };
}

/** A table copied whole cannot get another part later: the stream skips changes by table, not by part. */
function refuseHalfCopied(tasks: readonly CopyTask[]): void {
  for (const group of groupBySource(tasks.filter(isWhole))) {
    const left = group.find((task) => !task.done);
    if (left && group.some((task) => task.done))
      throw new FicusError(
        'FICUS_CDC_MAPPING_INVALID',
        `${left.plan.source.qualifiedName} has no key and was copied before ${left.plan.target.qualifiedName} was added to the mapping; all of its parts have to be copied together: ficus copy SLICE --restart.`,
      );
  }
}

/** @throws FicusError when the source cannot be streamed or the mapping does not fit */
async function compile(options: ReplicationOptions, source: pg.Client, target: pg.Client) {
  const { plans, catalogs, problems } = await compileSlice(options, source, target);
  const { walLevel } = catalogs.source;
  if (walLevel !== 'logical')
    throw new FicusError('FICUS_CDC_WAL_LEVEL', `wal_level of the source is “${walLevel}”, not “logical”.`);
  refuseProblems(problems);
  return { plans, catalogs };
}

async function ensureCheckpoint(
  source: pg.Client,
  target: pg.Client,
  names: StreamNames,
  publish: (slot: string) => Promise<void>,
  given: { system: SystemIdentity; serverVersion: number; epoch: number; holder: string },
): Promise<Checkpoint> {
  const { system, serverVersion, epoch, holder } = given;
  const known = await takeCheckpoint(target, names.stream, holder);
  const slot = await readSlot(source, known?.slot ?? names.slot);
  const decision = decideStart({ checkpoint: known, slot, system, epoch });
  switch (decision.kind) {
    case 'refuse':
      throw new FicusError(decision.code, decision.message);
    case 'resume': {
      if (known!.epoch < epoch && !(await raiseEpoch(target, names.stream, epoch)))
        throw new FicusError('FICUS_CDC_EPOCH_BEHIND', 'The target is already in a higher epoch.');
      await publish(known!.slot);
      return { ...known!, epoch };
    }
    case 'begin': {
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

/** Tables that were copied, wholly or in part, must have been published ever since. */
async function refuseUnsent(
  source: pg.Client,
  target: pg.Client,
  names: StreamNames,
  plans: readonly TablePlan[],
): Promise<void> {
  const { rows } = await target.query(
    `SELECT target, published_as::text AS entry FROM ficus.copy_progress
      WHERE stream = $1 AND (done OR last_key IS NOT NULL)`,
    [names.stream],
  );
  const begun = new Map(rows.map((row): [string, string | null] => [row.target, row.entry]));
  const copied = plans.filter((plan) => begun.has(plan.target.qualifiedName));
  const entries = new Map<number, string>();
  for (const plan of copied) {
    const entry = begun.get(plan.target.qualifiedName);
    if (entry) entries.set(plan.source.oid, entry);
  }
  await refuseGap(
    source,
    names.publication,
    copied.map((plan) => plan.source),
    entries,
  );
}

async function ensureProgress(
  client: pg.Client,
  stream: string,
  plans: readonly TablePlan[],
  catalogs: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog },
  tables: readonly TableConfig[],
  published: PublicationEntries,
): Promise<void> {
  for (const plan of plans) {
    const source = catalogs.source.tables.get(plan.source.qualifiedName)?.columns ?? [];
    const target = catalogs.target.tables.get(plan.target.qualifiedName)?.columns ?? [];
    const columns = source.filter((column) => !column.generated).map(describeColumn);
    const { rows } = await client.query(
      `INSERT INTO ficus.copy_progress AS p (stream, source, target, source_columns, published_as) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (stream, target) DO UPDATE SET source = excluded.source, published_as = excluded.published_as
       RETURNING p.source_columns AS before`,
      [stream, plan.source.qualifiedName, plan.target.qualifiedName, columns, published.get(plan.source.oid)],
    );
    const before = rows[0].before as string[];
    const change = evaluateColumns({
      plan,
      config: tables[plan.index],
      before,
      source,
      target,
    });
    if (change) throw new FicusError('FICUS_CDC_SCHEMA_CHANGED', change);
    await client.query(
      'UPDATE ficus.copy_progress SET source_columns = $3 WHERE stream = $1 AND target = $2 AND source_columns <> $3',
      [stream, plan.target.qualifiedName, [...columns, ...describeDropped(before, source, target)]],
    );
  }
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

/** The same for every process of this stream, and different for every other stream of the cluster. */
export async function readPlace(source: pg.Client, target: pg.Client): Promise<string> {
  const query = `SELECT current_database() AS name, oid::text FROM pg_database WHERE datname = current_database()`;
  const from = (await source.query(query)).rows[0];
  const to = (await target.query(query)).rows[0];
  // The first database of each new cluster has the same oid, and often the same name.
  const cluster = (await readSystemIdentifier(target)) ?? '';
  return `${from.name} ${from.oid} ${to.name} ${to.oid} ${cluster}`;
}
