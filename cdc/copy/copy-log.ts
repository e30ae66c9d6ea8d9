/**
 * Says in the log when the copy of each table begins and ends, and in between how far the slice's is: a first copy may take
 * hours. A copy that continues after an interruption begins with the rows that it has.
 */
import { type CopyProgress, copyPercent } from '@ficus/core';
import type { Logger } from 'pino';
import type { CopyTask } from './copy-task.ts';

const SAID_EACH_MS = 30_000;

export class CopyLog {
  readonly #logger: Logger;
  readonly #progress: () => CopyProgress;
  /** Tables that are being copied, and since when. */
  readonly #begun = new Map<CopyTask, number>();
  #saidAt = 0;

  /** @param progress of all tables of the slice */
  constructor(logger: Logger, progress: () => CopyProgress) {
    this.#logger = logger;
    this.#progress = progress;
  }

  begins(task: CopyTask, now: number): void {
    if (this.#begun.size === 0) this.#saidAt = now;
    this.#begun.set(task, now);
    const { rowsCopied } = task;
    const facts = {
      table: nameOf(task),
      ...(rowsCopied > 0 && { rowsCopied }),
      rowsTotal: Math.round(task.rowsTotal),
    };
    this.#logger.info(facts, rowsCopied > 0 ? 'copy continues' : 'copy begins');
  }

  /** The copy has gone further. @param now milliseconds, on a clock that never goes back */
  moved(now: number): void {
    for (const [task, since] of this.#begun) {
      if (!task.done) continue;
      this.#begun.delete(task);
      const seconds = Math.round((now - since) / 100) / 10;
      this.#logger.info({ table: nameOf(task), rows: task.rowsCopied, seconds }, 'copy ends');
    }
    if (this.#begun.size === 0 || now - this.#saidAt < SAID_EACH_MS) return;
    this.#saidAt = now;
    const { rowsCopied, rowsTotal, rowsPerSecond } = this.#progress();
    const percent = copyPercent(this.#progress());
    const tables = [...this.#begun.keys()].map(nameOf);
    this.#logger.info({ tables, rowsCopied, rowsTotal, percent, rowsPerSecond }, 'copy runs');
  }
}

const nameOf = ({ plan }: CopyTask): string => plan.target.qualifiedName;
