/**
 * Faults planted in the engine, to prove that the oracle detects them. Each is a mistake that engines of this kind
 * really make. They live here and not in the engine: methods of its classes are replaced in the child process before it
 * starts. A missing method fails loudly, so that no mutant silently becomes ineffective.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Applier } from '../../cdc/apply/applier.ts';
import { TargetSession } from '../../cdc/apply/target-session.ts';
import type { Batch } from '../../cdc/batch/batch.ts';
import { BatchBuilder } from '../../cdc/batch/batch-builder.ts';
import { setFailpointTrap } from '../../cdc/failpoints.ts';
import { DEFAULT_SETTINGS } from '../../cdc/replication-settings.ts';
import { ReplicationConnection, type ReplicationReceiver } from '../../cdc/source/replication-connection.ts';
import type { Fault } from './fault-plan.ts';

export interface Mutant {
  readonly name: string;
  /** What a user would see of it. */
  readonly effect: string;
  /** What exposes it; empty: it exposes itself. */
  readonly faults: readonly Fault[];
  plant(): void;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledge-early',
    effect: 'the source forgets changes that are not on the target yet',
    faults: [{ kind: 'kill-at', failpoint: 'before-settle', count: 1 }],
    plant() {
      strikeOnlyRows();
      let early = 0n;
      let connection: ReplicationConnection | undefined;
      replace(
        ReplicationConnection.prototype,
        'attach',
        (original) =>
          function (this: ReplicationConnection, given: unknown) {
            connection = this;
            const receiver = given as ReplicationReceiver;
            const acknowledged = () => (early > receiver.acknowledged() ? early : receiver.acknowledged());
            original.call(this, { ...receiver, acknowledged });
          },
      );
      replace(
        Applier.prototype,
        'apply',
        (original) =>
          async function (this: object, ...given: unknown[]) {
            const { endLsn } = given[0] as Batch;
            if (endLsn > 0n) {
              early = endLsn;
              connection?.reply();
              // Killed at once, the process loses what it wrote: its connection is reset.
              await sleep(20);
            }
            return original.apply(this, given);
          },
      );
    },
  },
  {
    name: 'checkpoint-apart',
    effect: 'rows are committed, the checkpoint is not: the same changes come twice',
    faults: [{ kind: 'kill-at', failpoint: 'after-commit', count: 1 }],
    plant() {
      strikeOnlyRows();
      let due: (() => Promise<void>) | undefined;
      replace(
        TargetSession.prototype,
        'send',
        (original) =>
          function (this: TargetSession, ...given: unknown[]) {
            if (given[2] !== 'advance') return original.apply(this, given);
            due = async () => {
              original.apply(this, given);
              await this.settle();
            };
          },
      );
      replace(
        Applier.prototype,
        'apply',
        (original) =>
          async function (this: object, ...given: unknown[]) {
            await original.apply(this, given);
            await due?.();
            due = undefined;
          },
      );
    },
  },
  {
    name: 'merge-unfinished',
    effect: 'half of a transaction of the source is visible on the target',
    // Otherwise the network cuts a transaction in two while the applier is idle only by chance.
    faults: [{ kind: 'halve', afterMs: 0 }],
    plant() {
      // Everything received is read and applied, whether or not a transaction ends there.
      Object.assign(DEFAULT_SETTINGS, { batchBytes: 1 });
      replace(
        BatchBuilder.prototype,
        'take',
        (original) =>
          function (this: object, bytes: Buffer) {
            const batch = original.call(this, bytes) as Batch;
            batch.complete = true;
            return batch;
          },
      );
    },
  },
  {
    name: 'toast-null',
    effect: 'a large value that an update did not touch is gone',
    faults: [],
    plant() {
      replace(
        BatchBuilder.prototype,
        'update',
        (original) =>
          function (this: { batch: Batch }, oid: number, oldAt: number, at: number) {
            forgetUnchanged(this.batch.bytes, at);
            return original.call(this, oid, oldAt, at);
          },
      );
    },
  },
];

export function plantMutant(name: string): void {
  const mutant = MUTANTS.find((candidate) => candidate.name === name);
  if (!mutant)
    throw new Error(`there is no mutant “${name}”: ${MUTANTS.map((each) => each.name).join(', ')}`);
  mutant.plant();
}

/**
 * The named failpoint ignores batches without rows: a heartbeat that arrives twice, or never, leaves no trace, and on a
 * slow machine the first batch of a process is often that.
 */
function strikeOnlyRows(): void {
  const wanted = process.env.FICUS_FAILPOINT?.split(':')[0];
  let hasRows = false;
  let isOpen = false;
  replace(
    Applier.prototype,
    'apply',
    (original) =>
      function (this: object, ...given: unknown[]) {
        const { changes, complete } = given[0] as Batch;
        // Several batches may be one transaction of the target.
        hasRows = changes > 0 || (isOpen && hasRows);
        isOpen = !complete;
        return original.apply(this, given);
      },
  );
  setFailpointTrap((reached) => {
    if (reached === wanted && hasRows) process.kill(process.pid, 'SIGKILL');
    return undefined;
  });
}

type AnyMethod = (this: object, ...given: unknown[]) => unknown;

function replace(prototype: object, name: string, make: (original: AnyMethod) => unknown): void {
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== 'function') throw new Error(`the engine has no method “${name}” any more`);
  Reflect.set(prototype, name, make(original as AnyMethod));
}

const UNCHANGED = 0x75;
const NULL = 0x6e;
const VALUE = 0x74;

/** Writes null over each marker of an unchanged value in the tuple at `at`. */
function forgetUnchanged(bytes: Buffer, at: number): void {
  let place = at + 2;
  for (let field = bytes.readInt16BE(at); field > 0; field -= 1) {
    if (bytes[place] === UNCHANGED) bytes[place] = NULL;
    place += bytes[place] === VALUE ? 5 + bytes.readInt32BE(place + 1) : 1;
  }
}
