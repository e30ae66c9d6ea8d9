/** Starts the first copy beside a stream; resolves at once when nothing is left to copy. */
import { TargetSession } from '../apply/target-session.ts';
import { Copier } from '../copy/copier.ts';
import { WholeCopy } from '../copy/whole-copy.ts';
import { ChunkWriter } from '../copy/write-chunk.ts';
import type { BatchPace } from './batch-pace.ts';
import type { Heartbeats } from './heartbeat.ts';
import type { Opening } from './opening.ts';
import type { PreparedStream } from './prepare-stream.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionLife } from './session-life.ts';

/** The snapshot of the tables that are copied whole, taken before the stream begins; undefined when none is left. */
export function openWholeCopy(
  { tasks, names, place }: PreparedStream,
  { options }: SessionHost,
  life: SessionLife,
): Promise<WholeCopy | undefined> {
  const { signal } = life;
  return life.closing(WholeCopy.openFor(tasks, { ...options, ...names, place, signal }), (whole) =>
    whole?.close(),
  );
}

export async function startCopy(
  opening: Opening,
  pace: BatchPace,
  heartbeats: Heartbeats,
  whole: WholeCopy | undefined,
): Promise<Copier> {
  const { host, life, prepared, positions, session, windows } = opening;
  const { options, settings } = host;
  const { names, tasks, place } = prepared;
  const { stream, applicationName } = names;
  const plain = tasks.every((task) => task.done) ? session : await openPlain(opening);
  const writer = new ChunkWriter({
    slice: options.slice,
    place,
    session,
    plain: plain.client,
    positions,
  });
  const copier = new Copier({
    stream,
    sourceUrl: options.sourceUrl,
    applicationName,
    tasks,
    windows,
    writer,
    whole,
    chunkRows: settings.copyChunkRows,
    parallel: settings.copyParallel,
    rowsPerSecond: settings.copyRowsPerSecond,
    logger: host.logger,
    mustWait: () => heartbeats.lagMs() > settings.copyPauseLagMs,
    onProgress: () => {
      host.progressed();
      pace.signal();
    },
  });
  life.atEnd(() => copier.stop());
  copier.run().then(
    () => life.isStopping || host.progressed(),
    (error) => life.fail(error),
  );
  return copier;
}

/** A second session, for COPY: the applier's is pipelined. */
async function openPlain({ host, life, liveness, prepared }: Opening): Promise<TargetSession> {
  const plain = await TargetSession.open({
    url: host.options.targetUrl,
    applicationName: prepared.names.applicationName,
    pipeline: false,
    answerMs: host.settings.answerMs,
  });
  liveness.watchClient('target', plain.client);
  life.atEnd(() => plain.close());
  plain.client.on('error', (error) => life.fail(error));
  return plain;
}
