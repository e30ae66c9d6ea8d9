/**
 * A span for each batch that a change stream applies, with links to the requests whose writes it may hold. Named by the
 * semantic conventions for messaging (version 1.45, in development:
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/): to its consumer, logical replication is a
 * stream of messages, and the conventions for databases know no links to what is written. Exists only when tracing is
 * configured.
 */
import type { AppliedBatch } from '@ficus/cdc';
import { formatLsn, parseLsn, type TracedWrite } from '@ficus/core';
import { type FinishedSpan, type SpanWriter, startSpanWriter } from '@ficus/proxy';
import { BatchLinks, type LinkedBatch } from './batch-links.ts';

const LOOK_MS = 250;

/** @param environment process.env; @returns undefined unless it names a destination */
export async function openBatchSpans(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<BatchSpans | undefined> {
  const writer = await startSpanWriter(environment, 'ficus-control');
  return writer && new BatchSpans(writer);
}

export class BatchSpans {
  readonly #writer: SpanWriter;
  /** By slice with a stream. */
  readonly #links = new Map<string, BatchLinks>();
  #timer: NodeJS.Timeout | undefined;

  constructor(writer: SpanWriter) {
    this.#writer = writer;
  }

  /** For `onBatch` of the slice's stream. */
  observer(slice: string): (batch: AppliedBatch) => void {
    // What another stream of this slice had left belongs to it no more.
    this.#handOver(slice, Number.POSITIVE_INFINITY);
    const links = new BatchLinks();
    this.#links.set(slice, links);
    return (batch) => {
      if (batch.error === undefined) links.applied(batch, Date.now());
      else this.#write(slice, { batch, links: [] });
      this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    };
  }

  /**
   * Writes that have been answered.
   * @param positions as answered to the proxy: without the slices whose stream does not answer
   */
  place(writes: readonly TracedWrite[], positions: Readonly<Record<string, string>>): void {
    for (const { slice, traceparent, after } of writes) {
      const upTo = positions[slice];
      if (upTo === undefined) continue;
      this.#links.get(slice)?.place({ traceparent, after: parseLsn(after), upTo: parseLsn(upTo) });
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const slice of this.#links.keys()) this.#handOver(slice, Number.POSITIVE_INFINITY);
    await this.#writer.stop();
  }

  #look(): void {
    for (const slice of this.#links.keys()) this.#handOver(slice, Date.now());
    if (![...this.#links.values()].every(({ isEmpty }) => isEmpty)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #handOver(slice: string, nowMs: number): void {
    for (const linked of this.#links.get(slice)?.takeDue(nowMs) ?? []) this.#write(slice, linked);
  }

  #write(slice: string, linked: LinkedBatch): void {
    this.#writer.write(spanOf(slice, linked));
  }
}

export function spanOf(slice: string, { batch, links }: LinkedBatch): FinishedSpan {
  const { publication, slot, startedAtMs, endedAtMs, transactions, rows, firstLsn, lastLsn, lagMs, error } =
    batch;
  return {
    name: `process ${publication}`,
    startedAtMs,
    endedAtMs,
    attributes: {
      'messaging.system': 'postgresql',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': publication,
      'messaging.consumer.group.name': slot,
      'messaging.batch.message_count': transactions,
      'ficus.slice': slice,
      'ficus.rows': rows,
      'ficus.lsn.first': formatLsn(firstLsn),
      'ficus.lsn.last': formatLsn(lastLsn),
      'ficus.lag_seconds': lagMs / 1000,
    },
    links,
    error,
  };
}
