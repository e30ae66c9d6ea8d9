/**
 * Tables that are copied whole, at one point of the source's WAL, because no key identifies their rows: a chunk's row
 * could not be matched with what the stream brought. What was committed before that point is in the copy and must not
 * be applied again; later changes must wait until the copy is on the target.
 */
import type { Admission, ChangeGate } from '../batch/change-gate.ts';
import { type CopyTask, isWhole, type WholeTask } from './copy-task.ts';

export class WholeTables implements ChangeGate {
  readonly #tasks = new Map<string, readonly WholeTask[]>();

  constructor(tasks: readonly CopyTask[]) {
    for (const group of groupBySource(tasks.filter(isWhole)))
      this.#tasks.set(group[0]!.plan.source.qualifiedName, group);
  }

  admit(table: string, commitLsn: bigint): Admission {
    const tasks = this.#tasks.get(table);
    if (!tasks) return 'apply';
    if (tasks.every((task) => task.copiedAt !== undefined && commitLsn < task.copiedAt)) return 'skip';
    return tasks.every((task) => task.done) ? 'apply' : 'wait';
  }

  isDone(table: string): boolean {
    return this.#tasks.get(table)?.every((task) => task.done) ?? true;
  }

  get isEmpty(): boolean {
    return this.#tasks.size === 0;
  }
}

/** Tasks of one source table; they are copied together or not at all. */
export function groupBySource<T extends CopyTask>(tasks: readonly T[]): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const task of tasks) {
    const { qualifiedName } = task.plan.source;
    groups.set(qualifiedName, [...(groups.get(qualifiedName) ?? []), task]);
  }
  return [...groups.values()];
}
