/**
 * The cutovers and rollbacks of all slices: begins them, ends what an earlier process left, and shows how far they are. One
 * at a time for each slice; what may run is decided by the journal, not here.
 */
import { FicusError, nameSliceIn, type Side } from '@ficus/core';
import type { Logger } from 'pino';
import type { Store } from '../store/open-store.ts';
import type { SliceStates, StoredSlice } from '../store/slice-states.ts';
import type { AttemptRow } from './attempt.ts';
import { type AttemptJournal, auditEnd } from './attempt-journal.ts';
import type { ArmReport, AttemptWish, CutoverPorts, Sides } from './ports.ts';
import { type Misfit, reconcileFences } from './reconcile-fences.ts';
import { AttemptRun } from './run-attempt.ts';
import type { CutoverLimits } from './work.ts';
import type { WriteStates } from './write-states.ts';

export interface CoordinatorParts<Opened extends Sides = Sides> {
  readonly store: Store;
  readonly journal: AttemptJournal;
  readonly states: SliceStates;
  readonly writes: WriteStates;
  readonly limits: CutoverLimits;
  readonly logger: Logger;
  /** @throws FicusError FICUS_SLICE_UNKNOWN, FICUS_CONTROL_NO_TABLES */
  open(attempt: { slice: string; from: Side; to: Side }): Opened;
  arm(attempt: AttemptRow, sides: Opened, signal: AbortSignal): Promise<ArmReport>;
}

interface Running {
  readonly run: AttemptRun;
  readonly end: Promise<void>;
}

export interface StrandedAttempt {
  readonly slice: string;
  readonly message: string;
  readonly remedy: string;
}

interface Inconsistency extends Misfit {
  /** The slice as it was: after a change of owner other fences count, and nothing is known of them before the next look. */
  readonly of: Pick<StoredSlice, 'epoch' | 'retired'>;
}

const END_MS = 5_000;
/** Between two looks at the fences of slices whose owner has changed; of others until one was possible. */
const LOOK_MS = 15_000;

export class Coordinator<Opened extends Sides = Sides> {
  readonly #parts: CoordinatorParts<Opened>;
  readonly #last = new Map<string, AttemptRow>();
  readonly #running = new Map<string, Running>();
  /** Slices whose attempt is being begun. */
  readonly #beginning = new Set<string>();
  readonly #inconsistencies = new Map<string, Inconsistency>();
  /** Slices with an attempt that the config does not let end. */
  readonly #stranded = new Map<string, FicusError>();
  /** Slices whose fences were looked at. */
  readonly #seen = new Set<string>();
  readonly #versions = new Map<string, number>();
  readonly #waiters = new Set<() => void>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<unknown> | undefined;

  constructor(parts: CoordinatorParts<Opened>, last: readonly AttemptRow[]) {
    this.#parts = parts;
    for (const row of last) this.#last.set(row.slice, row);
  }

  /** The attempt under way, or the last one. */
  attempt(slice: string): AttemptRow | undefined {
    return this.#running.get(slice)?.run.row ?? this.#last.get(slice);
  }

  /** Whether a cutover or rollback is under way, or waits to be ended: what it relies on must not change. */
  isMoving(slice: string): boolean {
    return this.#beginning.has(slice) || this.attempt(slice)?.finishedAt === null;
  }

  /** Whether a changed config may not take from it what an attempt relies on: a stranded one has nothing to lose. */
  needsGround(slice: string): boolean {
    return this.isMoving(slice) && !this.#stranded.has(slice);
  }

  /** What does not fit together, in one sentence. */
  inconsistency(slice: string): string | undefined {
    const stranded = this.#stranded.get(slice);
    if (stranded) return stranded.message;
    const row = this.#last.get(slice);
    if (row?.finishedAt === null && !this.#running.has(slice))
      return `The ${row.operation} of epoch ${row.epoch} was interrupted in step ${row.step}.`;
    return this.#found(slice)?.text;
  }

  /** What to do about it, where `--resume` repairs nothing. */
  repair(slice: string): string | undefined {
    return this.#last.get(slice)?.finishedAt === null ? undefined : this.#found(slice)?.repair;
  }

  /** Attempts that the config does not let end: not tried again before it changes. */
  stranded(): readonly StrandedAttempt[] {
    return [...this.#stranded].map(([slice, { message, remedy }]) =>
      nameSliceIn({ slice, message, remedy }, slice),
    );
  }

  /** By the last look at the fences. */
  #found(slice: string): Misfit | undefined {
    const found = this.#inconsistencies.get(slice);
    return found && this.#isAsNow(slice, found.of) ? found : undefined;
  }

  #isAsNow(slice: string, { epoch, retired }: Inconsistency['of']): boolean {
    const now = this.#parts.states.of(slice);
    return now.epoch === epoch && now.retired === retired;
  }

  version(slice: string): number {
    return this.#versions.get(slice) ?? 0;
  }

  /** Resolves when the version is another one than this, or after the time. */
  async changed(slice: string, version: number, waitMs: number): Promise<void> {
    if (this.version(slice) !== version || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve();
      };
      const look = () => {
        if (this.version(slice) !== version || this.#stopping.signal.aborted) end();
      };
      const timer = setTimeout(end, waitMs);
      this.#waiters.add(look);
    });
  }

  /**
   * Begins an attempt, which then runs in the background.
   * @throws FicusError FICUS_CUTOVER_BUSY, FICUS_CUTOVER_OWNER_THERE, FICUS_CUTOVER_RETIRED; FICUS_DATABASE_UNREACHABLE
   */
  async begin(wish: AttemptWish): Promise<void> {
    const { slice, operation } = wish;
    // The end of one is shown before its sessions are closed.
    const before = this.#running.get(slice);
    if (before && before.run.row.finishedAt !== null) await before.end;
    if (this.#running.has(slice) || this.#beginning.has(slice))
      throw new FicusError('FICUS_CUTOVER_BUSY', `Another cutover or rollback of ${slice} is under way.`);
    this.#beginning.add(slice);
    try {
      const [from, to]: [Side, Side] =
        operation === 'cutover' ? ['legacy', 'candidate'] : ['candidate', 'legacy'];
      const sides = this.#parts.open({ slice, from, to });
      try {
        const states = await Promise.all([sides.oldFence.state(), sides.newFence.state()]);
        const above = Math.max(0, ...states.map((state) => state?.epoch ?? 0));
        const row = await this.#parts.journal.begin(wish, above);
        this.#start(row, sides);
      } catch (error) {
        await sides.close();
        throw error;
      }
    } finally {
      this.#beginning.delete(slice);
    }
  }

  /** Ends what earlier processes left, of one slice or of all, and brings fences in line with the journal. */
  async resume(only?: string): Promise<void> {
    const { journal, writes } = this.#parts;
    const unfinished = await journal.unfinished();
    for (const row of unfinished) {
      if ((only !== undefined && row.slice !== only) || this.#running.has(row.slice)) continue;
      writes.restore(row);
      this.#start(row);
    }
    if (only !== undefined) await this.#reconcile(only, true);
  }

  /** A fence may be lost long after an attempt: by a failover, a backup that was restored, a partition that was added. */
  watchFences(everyMs = LOOK_MS): void {
    const look = () => {
      this.#looking ??= this.#lookAtFences().finally(() => {
        this.#looking = undefined;
      });
    };
    look();
    this.#timer = setInterval(look, everyMs);
    this.#timer.unref();
  }

  /** After the control database was away: another control plane may have ended attempts. */
  async reload(): Promise<void> {
    for (const row of await this.#parts.journal.last()) this.#last.set(row.slice, row);
    await this.resume();
  }

  /** Attempts before the journal are abandoned; those in it are completed at the next start, if not now. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    this.#wake();
    const ends = [...[...this.#running.values()].map(({ end }) => end), this.#looking];
    await Promise.race([
      Promise.allSettled(ends),
      new Promise((resolve) => setTimeout(resolve, END_MS).unref()),
    ]);
  }

  /** @param sides of an attempt that this process has begun */
  #start(row: AttemptRow, sides?: Opened): void {
    const { limits, logger } = this.#parts;
    const log = logger.child({ slice: row.slice, operation: row.operation, epoch: row.epoch });
    const run = new AttemptRun(row, {
      ports: this.#portsOf(row),
      limits,
      sides,
      fresh: sides !== undefined,
      signal: this.#stopping.signal,
      onChange: () => this.#notice(row.slice),
      onRetry: ({ kind }, error) => log.warn({ action: kind, err: error }, 'attempt: tried again'),
    });
    this.#last.set(row.slice, row);
    log.info({ rehearsal: row.rehearsal, begun: sides !== undefined }, 'attempt runs');
    const end = run.run().then(
      (ended) => this.#ended(ended, log),
      (error: unknown) => {
        this.#last.set(row.slice, run.row);
        this.#running.delete(row.slice);
        if (error instanceof FicusError && error.code === 'FICUS_CUTOVER_STRANDED') {
          this.#stranded.set(row.slice, error);
          log.error({ remedy: error.remedy }, error.message);
        } else log.error({ err: error }, 'attempt failed for a reason that was not foreseen');
        this.#notice(row.slice);
      },
    );
    this.#stranded.delete(row.slice);
    this.#running.set(row.slice, { run, end });
    this.#notice(row.slice);
  }

  async #ended(row: AttemptRow, log: Logger): Promise<void> {
    const { outcome, failure, timings } = row;
    this.#last.set(row.slice, row);
    this.#running.delete(row.slice);
    // Another control plane may have ended it, and no step of this run has.
    if (row.finishedAt !== null) this.#parts.writes.open(row.slice);
    this.#notice(row.slice);
    log.info({ outcome, step: row.step, failure, timings }, 'attempt ended');
    if (row.finishedAt !== null) await auditEnd(this.#parts.store, row).catch(() => undefined);
  }

  #portsOf(row: AttemptRow): CutoverPorts {
    const { journal, writes } = this.#parts;
    const before = this.#last.get(row.slice)?.notes ?? [];
    return {
      journal,
      gate: writes,
      open: async (attempt) => this.#parts.open(attempt),
      arm: async (_, sides) => {
        const report = await this.#parts.arm(row, sides as Opened, this.#stopping.signal);
        return { ...report, asBefore: report.notes.filter((note) => before.includes(note)) };
      },
      now: () => performance.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    };
  }

  async #lookAtFences(): Promise<void> {
    if (this.#stranded.size > 0) await this.#forgetRemoved().catch(() => undefined);
    for (const [slice, state] of this.#parts.states.all()) {
      // Once, while no attempt was made: a control database that was lost, or restored, is a new start of the control plane.
      const isUntouched =
        state.epoch === 1 &&
        this.#seen.has(slice) &&
        !this.#last.has(slice) &&
        this.#found(slice) === undefined;
      if (isUntouched || state.retired || this.isMoving(slice) || this.#stopping.signal.aborted) continue;
      await this.#reconcile(slice, false).catch((error: unknown) => {
        // A database that is away is said elsewhere.
        if (error instanceof FicusError && error.code === 'FICUS_FENCE_GAPS')
          this.#say(slice, state, { text: error.message });
      });
    }
  }

  /** By `ficus remove`. */
  async #forgetRemoved(): Promise<void> {
    const unfinished = await this.#parts.journal.unfinished();
    for (const slice of this.#stranded.keys())
      if (!unfinished.some((row) => row.slice === slice)) {
        this.#stranded.delete(slice);
        this.#last.delete(slice);
        // Under the same name, another slice may be configured later.
        this.#parts.writes.open(slice);
      }
  }

  /**
   * Fences that do not fit the journal: a person, or a process that ended at the wrong moment, turned them.
   * @param installs what the old owner’s fence lacks
   */
  async #reconcile(slice: string, installs: boolean): Promise<void> {
    if (this.#running.has(slice)) return;
    const { journal, states } = this.#parts;
    const state = states.of(slice);
    const { owner, epoch } = state;
    const last = this.#last.get(slice);
    const other: Side = owner === 'legacy' ? 'candidate' : 'legacy';
    const sides = this.#parts.open({ slice, from: owner, to: other });
    try {
      if (installs && epoch > 1) await sides.newFence.install({ epoch, mode: 'moved' });
      const ended = await journal.endedEpochs(slice);
      const fences = { ownedBy: owner, owner: sides.oldFence, other: sides.newFence, epoch, ended };
      const misfit = await reconcileFences(fences);
      // An attempt has begun meanwhile: what was seen may be its own.
      if (this.isMoving(slice) || this.#last.get(slice) !== last) return;
      this.#say(slice, state, misfit);
      this.#seen.add(slice);
    } finally {
      await sides.close();
    }
  }

  #say(slice: string, of: StoredSlice, misfit: Misfit | undefined): void {
    if (this.#found(slice)?.text === misfit?.text || !this.#isAsNow(slice, of)) return;
    if (misfit === undefined) this.#inconsistencies.delete(slice);
    else {
      this.#inconsistencies.set(slice, { ...misfit, of });
      this.#parts.logger.error({ slice, repair: misfit.repair }, misfit.text);
    }
    this.#notice(slice);
  }

  #notice(slice: string): void {
    this.#versions.set(slice, this.version(slice) + 1);
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#waiters]) look();
  }
}
