/**
 * Carries out one attempt: asks next-step.ts what comes next, does it, records how long it took. The same code begins an
 * attempt, abandons one, and ends what an earlier process left: only the facts differ.
 */
import { CUTOVER_STEPS, type CutoverStep, type FenceState, FicusError } from '@ficus/core';
import type { AttemptFailure, AttemptRecord, AttemptReport, AttemptRow } from './attempt.ts';
import { reachStep } from './failpoints.ts';
import { decideUndo, turnFence } from './fence-turns.ts';
import { type AttemptFacts, decideNext, type NextAction } from './next-step.ts';
import type { CutoverPorts, Sides } from './ports.ts';
import { STEPS } from './steps/steps.ts';
import { type CutoverLimits, type Found, remainingMs, type Work } from './work.ts';

export interface RunOptions {
  readonly ports: CutoverPorts;
  readonly limits: CutoverLimits;
  /** This process began the attempt, with these sessions. */
  readonly sides?: Sides | undefined;
  readonly fresh: boolean;
  /** Aborted when the process is to end: before the journal that abandons the attempt. */
  readonly signal: AbortSignal;
  /** After each change of what the run knows. */
  readonly onChange?: (run: AttemptRun) => void;
  /** A failure that is tried again. */
  readonly onRetry?: (action: NextAction, error: unknown) => void;
}

const LONGEST_RETRY_MS = 2_000;
/** Drains of an undo that shuts out a turn which is still under way elsewhere; each may refuse writers for a moment. */
const MOST_DRAINS = 3;

export class AttemptRun {
  readonly #options: RunOptions;
  #row: AttemptRow;
  #sides: Sides | undefined;
  /** In progress, or next. */
  #step: CutoverStep;
  readonly #done = new Set<CutoverStep>();
  #journaled: boolean;
  #failure: AttemptFailure | undefined;
  #undone = false;
  #commitSent = false;
  #abandonFailed = false;
  #drains = 0;
  readonly #notes: string[];
  #report: AttemptReport;
  readonly #timings: Partial<Record<CutoverStep, number>>;
  /** Of this run: when each step was begun first, and how often it was begun. */
  readonly #begun = new Map<CutoverStep, { readonly at: number; tries: number }>();
  readonly #found: Found;

  constructor(row: AttemptRow, options: RunOptions) {
    this.#options = options;
    this.#row = row;
    this.#sides = options.sides;
    this.#step = row.step;
    this.#journaled = row.journaledAt !== null;
    this.#notes = [...row.notes];
    this.#report = row.report;
    this.#timings = { ...row.timings };
    this.#found = { fenceTouched: mayHaveHeld(row) };
  }

  /** The journal's row, with what this run knows besides. */
  get row(): AttemptRow {
    return {
      ...this.#row,
      step: this.#step,
      failure: this.#row.failure ?? this.#shownFailure,
      ...this.#record,
    };
  }

  /**
   * Resolves with the row when the attempt has ended; before that only when the process is to end.
   * @throws FicusError FICUS_CUTOVER_STRANDED while the config does not say where its databases are
   */
  async run(): Promise<AttemptRow> {
    let pauseMs = this.#options.limits.retryMs;
    try {
      for (;;) {
        const action = decideNext(this.#facts());
        if (action.kind === 'end') return this.row;
        try {
          await this.#carryOut(action);
          pauseMs = this.#options.limits.retryMs;
        } catch (error) {
          if (this.#options.signal.aborted) return this.row;
          // Only another config changes that.
          if (isUnknown(error)) throw strandedBy(this.row, error);
          this.#options.onRetry?.(action, error);
          await this.#options.ports.sleep(pauseMs);
          pauseMs = Math.min(pauseMs * 2, LONGEST_RETRY_MS);
        }
        this.#options.onChange?.(this);
      }
    } finally {
      await this.#sides?.close().catch(() => undefined);
    }
  }

  get #record(): AttemptRecord {
    const again = [...this.#begun].filter(([, { tries }]) => tries > 1);
    const tries = Object.fromEntries(again.map(([step, { tries }]) => [step, tries]));
    return {
      timings: { ...this.#timings },
      notes: [...new Set(this.#notes)],
      report: again.length === 0 ? this.#report : { ...this.#report, tries },
    };
  }

  /** Until the journal has it; once the attempt is in the journal there is none. */
  get #shownFailure(): AttemptFailure | null {
    return this.#journaled ? null : (this.#failure ?? null);
  }

  #facts(): AttemptFacts {
    return {
      outcome: this.#row.outcome,
      finished: this.#row.finishedAt !== null,
      journaled: this.#journaled,
      rehearsal: this.#row.rehearsal,
      fresh: this.#options.fresh,
      done: this.#done,
      failed: this.#failure !== undefined,
      undone: this.#undone,
      commitSent: this.#commitSent,
      abandonFailed: this.#abandonFailed,
    };
  }

  /** What it throws is tried again; failures that are to be decided on are facts. */
  async #carryOut(action: NextAction): Promise<void> {
    const { journal } = this.#options.ports;
    switch (action.kind) {
      case 'step':
        return this.#carryOutStep(action.step);
      case 'abandon':
        return this.#abandon();
      case 'undo':
        return this.#undo();
      case 'finish':
        return this.#finish(await journal.finish(this.#row, this.#record));
      case 'end':
    }
  }

  async #abandon(): Promise<void> {
    this.#abandonFailed = true;
    const { journal } = this.#options.ports;
    this.#take(await journal.abandon(this.#row, this.#reasonToAbandon(), this.#record));
    this.#abandonFailed = false;
  }

  #finish(row: AttemptRow): void {
    if (row.finishedAt === null)
      throw new FicusError(
        'FICUS_CONTROL_NOT_STORED',
        `The control database does not have the attempt of epoch ${row.epoch} as it was stored there: it is another one, or an older state of it.`,
      );
    this.#take(row);
  }

  #take(row: AttemptRow): void {
    this.#row = row;
    // The process that began it may have entered the hold since this run read the row.
    if (!this.#options.fresh && mayHaveHeld(row)) this.#found.fenceTouched = true;
    if (row.journaledAt === null) return;
    this.#journaled = true;
    // The proxies' next event has the new owner, whatever else changes before the release.
    this.#options.ports.gate.adopt(row.slice, row.to, row.epoch);
  }

  async #carryOutStep(step: CutoverStep): Promise<void> {
    this.#step = step;
    const { ports, signal } = this.#options;
    const begun = this.#begun.get(step) ?? { at: ports.now(), tries: 0 };
    begun.tries += 1;
    this.#begun.set(step, begun);
    this.#options.onChange?.(this);
    const isBefore = !this.#journaled;
    try {
      if (isBefore && signal.aborted)
        throw new FicusError('FICUS_CUTOVER_INTERRUPTED', 'The control plane ends.');
      if (step === 'journal') await this.#commit();
      else await this.#guarded(STEPS[step](await this.#work()));
      this.#timings[step] = ports.now() - begun.at;
      await reachStep(step);
      this.#done.add(step);
    } catch (error) {
      if (!isBefore) throw error;
      this.#timings[step] = ports.now() - begun.at;
      this.#failure ??= failureOf(step, error);
    }
  }

  /**
   * Whatever a step before the journal waits for: in the hold it ends at the hold's bound, and when a proxy can hold no
   * more; before that, when the process is to end.
   */
  async #guarded(work: Promise<void>): Promise<void> {
    if (this.#journaled) return work;
    work.catch(() => undefined);
    const { ports, signal } = this.#options;
    if (this.#done.has('hold')) await Promise.race([work, ports.gate.broken(this.#row), this.#tooSlow()]);
    else await unlessAborted(signal, work);
  }

  async #tooSlow(): Promise<never> {
    const { ports, limits } = this.#options;
    for (;;) await ports.sleep(remainingMs(this.#found, limits, ports.now()));
  }

  async #commit(): Promise<void> {
    const { journal } = this.#options.ports;
    const work = await this.#work();
    work.remainingMs();
    this.#commitSent = true;
    // Without an answer it may have been committed: then abandoning finds it in the journal.
    if (!(await journal.commit(this.#row, work.found.barrier!, this.#timings)))
      throw new FicusError('FICUS_CUTOVER_OVERTAKEN', 'Another process has ended this attempt.');
    this.#journaled = true;
    this.#options.ports.gate.adopt(this.#row.slice, this.#row.to, this.#row.epoch);
    this.#row = { ...this.#row, journaledAt: new Date().toISOString(), barrier: work.found.barrier! };
  }

  async #undo(): Promise<void> {
    const { ports, limits } = this.#options;
    // If this fails, the journal is asked first again.
    this.#abandonFailed = false;
    if (this.#found.fenceTouched) {
      const { oldFence } = await this.#open();
      const before = this.#found.oldFence?.mode === 'observe' ? 'observe' : 'armed';
      const decide = decideUndo(this.#row.epoch, this.#drains < MOST_DRAINS, before);
      await turnFence(oldFence, this.#heldFence, decide, limits.drainMs).catch((error: unknown) => {
        // A database that cannot be reached has refused no writer, and the turn elsewhere may yet be made.
        if (error instanceof FicusError && error.code === 'FICUS_FENCE_DRAIN') this.#drains += 1;
        throw error;
      });
    }
    ports.gate.open(this.#row.slice);
    this.#undone = true;
  }

  /** A guess: writers wait for this turn, and a look would take a round trip more. */
  get #heldFence(): FenceState | undefined {
    return this.#found.barrier === undefined ? undefined : { epoch: this.#row.epoch, mode: 'hold' };
  }

  #reasonToAbandon(): AttemptFailure | null {
    if (this.#failure) return this.#failure;
    if (this.#options.fresh) return null;
    const { step } = this.#row;
    return {
      step,
      code: 'FICUS_CUTOVER_INTERRUPTED',
      message: `The control plane ended in step ${step}, or soon after.`,
    };
  }

  async #work(): Promise<Work> {
    const { ports, limits } = this.#options;
    return {
      row: this.#row,
      sides: await this.#open(),
      ports,
      limits,
      notes: this.#notes,
      report: (found) => {
        this.#report = { ...this.#report, ...found };
      },
      found: this.#found,
      timings: this.#timings,
      remainingMs: () => remainingMs(this.#found, limits, ports.now()),
    };
  }

  async #open(): Promise<Sides> {
    this.#sides ??= await this.#options.ports.open(this.#row);
    return this.#sides;
  }
}

const isUnknown = (error: unknown): error is FicusError =>
  error instanceof FicusError && ['FICUS_SLICE_UNKNOWN', 'FICUS_CONTROL_NO_TABLES'].includes(error.code);

const strandedBy = ({ operation, slice, epoch, step }: AttemptRow, cause: FicusError): FicusError =>
  new FicusError(
    'FICUS_CUTOVER_STRANDED',
    `The ${operation} of ${slice}, epoch ${epoch}, was interrupted in step ${step}, and cannot be ended: ${cause.message}`,
    { cause },
  );

const mayHaveHeld = ({ step }: AttemptRow): boolean =>
  CUTOVER_STEPS.indexOf(step) >= CUTOVER_STEPS.indexOf('hold');

/** Rejects when the signal is aborted before the work is done. */
async function unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const end = () => aborted.reject(new FicusError('FICUS_CUTOVER_INTERRUPTED', 'The control plane ends.'));
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function failureOf(step: CutoverStep, error: unknown): AttemptFailure {
  if (error instanceof FicusError) return { step, code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { step, code: 'FICUS_CUTOVER_FAILED', message };
}
