/**
 * Opens a session: connects both sides, claims the stream for this process, prepares the databases, and assembles the
 * parts that then run. Sources other than pgoutput are created here (`openChanges`). Everything opened is closed when
 * the session ends, also when that happens during opening.
 */
import { parseLsn } from '@ficus/core';
import { Applier } from '../apply/applier.ts';
import { BatchBuilder } from '../batch/batch-builder.ts';
import { limitStatements } from '../catalog/session-settings.ts';
import { CopyWindows } from '../copy/copy-windows.ts';
import type { WholeCopy } from '../copy/whole-copy.ts';
import { WholeTables } from '../copy/whole-tables.ts';
import type { Relation } from '../decode/change-visitor.ts';
import type { ReplicationConnection } from '../source/replication-connection.ts';
import { BatchPace } from './batch-pace.ts';
import { BatchReports } from './batch-reports.ts';
import { checkRelation } from './check-relation.ts';
import { claimStream, connectSession } from './connect-session.ts';
import { Errands } from './errands.ts';
import type { Heartbeats } from './heartbeat.ts';
import { Liveness } from './liveness.ts';
import type { Opening } from './opening.ts';
import { PgoutputSource } from './pgoutput-source.ts';
import { prepareStream } from './prepare-stream.ts';
import { Rereader } from './rereader.ts';
import { RunningSession } from './running-session.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionLife } from './session-life.ts';
import { openWholeCopy, startCopy } from './start-copy.ts';
import { watchDatabases } from './watch-databases.ts';

/** Of the watch's questions to the target: each takes a moment. */
const STATEMENT_MS = 5_000;

/** @throws whatever prevents the start; Error when the session ends meanwhile */
export async function openSession(host: SessionHost, life: SessionLife): Promise<RunningSession> {
  const { options, settings } = host;
  const liveness = new Liveness({
    ...options,
    answerMs: settings.answerMs,
    onDead: (error) => life.fail(error),
  });
  life.atEnd(() => liveness.stop());
  const [connection, session, source, target] = await connectSession(host, life);
  session.client.on('error', (error) => life.fail(error));
  liveness.watchClient('target', session.client, () => session.isWaiting);
  liveness.watchClient('source', source);
  liveness.watchClient('target', target);
  await claimStream(host, session, target);
  const prepared = await prepareStream(options, source, target, connection.identity, host.epoch, (table) =>
    host.ledger?.recordAll(table),
  );
  host.epochIs(prepared.place.epoch);
  life.mustContinue();
  void source.end().catch(() => undefined);
  target.on('error', (error) => life.fail(error));
  await limitStatements(target, STATEMENT_MS);
  const wholeTables = new WholeTables(prepared.tasks);
  const whole = await openWholeCopy(prepared, host, life);
  life.mustContinue();
  const windows = new CopyWindows();
  const positions = host.begin(parseLsn(prepared.checkpoint.lsn));
  return start(
    { host, life, liveness, prepared, positions, session, target, windows, wholeTables },
    connection,
    whole,
  );
}

/** The stream starts first: what the copy reads must not be older than the stream's beginning. */
async function start(
  opening: Opening,
  connection: ReplicationConnection,
  whole: WholeCopy | undefined,
): Promise<RunningSession> {
  const { host, life, prepared, positions, wholeTables } = opening;
  const applier = makeApplier(opening);
  const changes = openChanges(opening, connection);
  const stopping = () => life.isStopping;
  const hasWaiters = () => host.hasWaiters();
  const errands = new Errands({ host, applier, place: prepared.place, positions, changes });
  const hasErrand = () => errands.isDue;
  const pace = new BatchPace({ changes, settings: host.settings, hasWaiters, hasErrand, stopping });
  changes.start({ ready: () => pace.signal(), failed: (error) => life.fail(error) });
  const heartbeats = host.makeHeartbeats(prepared.names.stream);
  const copier = await startCopy(opening, pace, heartbeats, whole);
  life.mustContinue();
  heartbeats.onShutdown = (error) => life.fail(error);
  life.atEnd(() => heartbeats.stop());
  heartbeats.start();
  const running = new RunningSession({
    host,
    life,
    positions,
    changes,
    pace,
    applier,
    errands,
    copier,
    wholeTables,
    heartbeats,
    reports: openReports(opening, heartbeats),
  });
  watch(opening, running);
  host.started(prepared, running);
  return running;
}

function openReports({ host, prepared }: Opening, heartbeats: Heartbeats): BatchReports | undefined {
  const { onBatch } = host.options;
  if (onBatch === undefined) return undefined;
  const { names, checkpoint } = prepared;
  const stream = { publication: names.publication, slot: checkpoint.slot };
  return new BatchReports(stream, () => heartbeats.lagMs(), onBatch);
}

function makeApplier({ host, life, prepared, positions, session, windows }: Opening): Applier {
  const { place, tasks, checkpoint } = prepared;
  const rows = new Rereader({
    source: host.source,
    arrived: () => windows.arrived(),
    stopping: () => life.isStopping,
    tasks,
    positions,
    leftOutUntil: parseLsn(checkpoint.leftOutUntil),
  });
  const { slice } = host.options;
  const defers = prepared.plans.some(({ target }) => target.defers);
  const stopping = () => life.isStopping;
  return new Applier({
    slice,
    place,
    positions,
    session,
    rows,
    defers,
    stopping,
  });
}

function openChanges(opening: Opening, connection: ReplicationConnection): PgoutputSource {
  const { host, life, liveness, prepared, positions, windows, wholeTables } = opening;
  const { names, checkpoint, plans, backlogBytes, sourceShapes } = prepared;
  const builder = {
    slice: host.options.slice,
    stream: names.stream,
    plans,
    positions,
    watch: windows,
    ledger: () => host.ledger,
    isPaused: (commitLsn: bigint) => host.applyPause?.stops(commitLsn) === true,
    gate: wholeTables.isEmpty ? undefined : wholeTables,
    checkRelation: (relation: Relation, commitLsn: bigint) =>
      checkRelation(relation, commitLsn, sourceShapes, host.knownShapes),
  };
  const changes = new PgoutputSource({
    host,
    connection,
    positions,
    slot: checkpoint.slot,
    publication: names.publication,
    backlogBytes,
    makeBuilder: (bytes) => new BatchBuilder(builder, bytes),
    stopping: () => life.isStopping,
  });
  liveness.watch({
    side: 'source',
    pid: connection.pid,
    lastHeardMs: () => connection.lastHeardMs,
    awaits: () => changes.awaitsServer,
  });
  return changes;
}

function watch({ host, life, prepared, target }: Opening, running: RunningSession): void {
  const watching = watchDatabases({
    source: host.source,
    target,
    prepared,
    periodMs: host.settings.slotCheckMs,
    unwatchedMs: host.settings.unwatchedMs,
    onHealth: (health) => {
      running.slotHealth = health;
    },
    onFailure: (error) => life.fail(error),
    onLostRows: (table) => host.ledger?.recordAll(table),
    onUnwatched: (side, problem) => host.unwatched(side, problem),
  });
  running.lookAtTables = () => watching.look();
  life.atEnd(() => watching.stop());
}
