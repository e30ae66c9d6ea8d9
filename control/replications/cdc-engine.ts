/** Connects cdc's change stream and verify to the control plane's own small interfaces. */
import { dropSourceSlot, openReplication, readSourceStreams, verifySlice } from '@ficus/cdc';
import type { OpenReplication, ReplicationPort, VerifiedStream } from './replication-set.ts';
import type { SourceEngine } from './source-watch.ts';
import type { RunVerify } from './verify-runs.ts';

/** A quarter of a second's rows: larger chunks would make a slow copy arrive in bursts. */
const chunkRows = (rowsPerSecond: number) => Math.min(20_000, Math.max(100, Math.ceil(rowsPerSecond / 4)));

export const openCdcReplication: OpenReplication = ({ copy, ...options }) =>
  openReplication({
    ...options,
    settings: {
      copyRowsPerSecond: copy.rowsPerSecond ?? 0,
      ...(copy.rowsPerSecond !== undefined && { copyChunkRows: chunkRows(copy.rowsPerSecond) }),
      copyParallel: copy.parallel,
      copyPauseLagMs: copy.pauseLagMs,
    },
  });

const canPause = (port: ReplicationPort): port is ReplicationPort & VerifiedStream =>
  port.pause !== undefined;

export const runCdcVerify: RunVerify = ({ replication, resume, direction = 'forward', ...options }) =>
  verifySlice({
    ...options,
    direction,
    ...(resume && { resume }),
    // Without the stream's position a busy slice would look broken.
    waitForApplied: async (lsn, timeoutMs) => (await replication?.waitForPosition(lsn, timeoutMs)) ?? false,
    ...(replication && canPause(replication) && { stream: replication }),
  });

export const cdcSource: SourceEngine = { read: readSourceStreams, dropSlot: dropSourceSlot };
