/** A worker's report to the primary, twice a second: counts since the last one, and current values. */
import type { Server } from 'node:http';
import type { SliceWrites } from '../hold/slice-writes.ts';
import { ownCpuSeconds, residentBytes } from '../observe/process-metrics.ts';
import type { PinTable } from '../pin/pin-table.ts';
import type { LiveSnapshot } from '../snapshot/live-snapshot.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { SnapshotKeeper } from './snapshot-keeper.ts';
import type { WorkerMessage } from './worker-messages.ts';
import type { WriteGate } from './write-gate.ts';

const REPORT_EACH_MS = 500;

interface WorkerReportsParts {
  readonly snapshots: SnapshotKeeper;
  readonly pins: PinTable;
  readonly gate: WriteGate;
  readonly writes: SliceWrites;
  readonly memory: MemoryWatch;
  readonly server: Server;
  readonly send: (message: WorkerMessage) => void;
}

export class WorkerReports {
  readonly #parts: WorkerReportsParts;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** As last read: a flood of connections may leave no descriptor to read it with. */
  #residentBytes = 0;

  constructor(parts: WorkerReportsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.sendCounts();
      this.sendBusy();
      this.#parts.server.getConnections((error, connections) => this.#sendGauges(error ? 0 : connections));
    }, REPORT_EACH_MS);
  }

  /** Counts of all snapshots, including those still held when the worker ends. */
  sendCounts(): void {
    for (const snapshot of this.#parts.snapshots.all()) this.sendCountsOf(snapshot);
  }

  sendCountsOf(snapshot: LiveSnapshot): void {
    const delta = snapshot.counters.take();
    if (delta) this.#parts.send({ kind: 'counts', delta, pins: this.#parts.pins.size });
  }

  /** When observed slices had writes in flight. */
  sendBusy(): void {
    const { writes, send } = this.#parts;
    const slices = writes.takeBusy();
    const names = Object.keys(slices);
    if (names.length === 0) return;
    const endless = names.flatMap((slice) => {
      const routes = writes.endless(slice);
      return routes === undefined ? [] : [[slice, routes] as const];
    });
    send({ kind: 'busy', untilMs: Date.now(), slices, endless: Object.fromEntries(endless) });
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** Sent even when nothing has changed: a silent worker counts as hanging. */
  #sendGauges(connections: number): void {
    if (this.#stopped) return;
    const { snapshots, memory, gate, writes, send } = this.#parts;
    this.#residentBytes = residentBytes() ?? this.#residentBytes;
    const values = {
      ...snapshots.gauges(),
      ficus_client_connections: connections,
      ficus_requests_in_progress: snapshots.inProgress,
      ficus_buffered_bytes: memory.bufferedBytes,
      ficus_held_writes: gate.heldCount,
      ...writes.gauges(),
      ficus_workers_cpu_seconds_total: ownCpuSeconds(),
      ficus_workers_resident_memory_bytes: this.#residentBytes,
    };
    send({ kind: 'gauges', values });
  }
}
