/**
 * Databases, journal and proxies of one slice, as an attempt sees them, with faults at chosen calls. Every call of every
 * process goes through `call`, which checks after each what must hold at every moment.
 */
import { type FenceState, FicusError, type Side } from '@ficus/core';
import type { AttemptRow } from './attempt.ts';
import type { AttemptWish, Comparison, CutoverPorts, FencePort, Journal, Sides, WriteGate } from './ports.ts';
import { AttemptRun } from './run-attempt.ts';
import { QUIET_MS } from './steps/check.ts';
import { DEFAULT_LIMITS } from './work.ts';

export type Fault =
  | 'fails-before'
  | 'fails-after'
  /** The process ends. */
  | 'dies-before'
  | 'dies-after'
  /** The process is paused, and continues when all others have ended. */
  | 'sleeps-before'
  | 'sleeps-after';

interface Life {
  state: 'runs' | 'dead' | 'asleep';
  end(): void;
}

type Writes = 'open' | 'leased' | 'held';

const MATCH: Comparison = { verdict: 'match', rows: 1, reason: '' };

const lets = (fence: FenceState | undefined) =>
  fence === undefined || fence.mode === 'armed' || fence.mode === 'observe';

export class FakeWorld {
  slice: { owner: Side; epoch: number };
  readonly rows: AttemptRow[] = [];
  readonly fences: Record<Side, FenceState | undefined>;
  announced: { writes: Writes; owner: Side } = { writes: 'open', owner: 'legacy' };
  streamEpochs = { stream: 1, back: 1 };
  /** Everything that was called, in its order. */
  readonly calls: string[] = [];
  readonly violations: string[] = [];
  /** Number of a call → what happens in it. */
  faults: ReadonlyMap<number, Fault> = new Map();
  /** Calls that say no, by name: the port's own refusal. */
  readonly refusals = new Map<string, unknown>();
  /** Calls without an answer, by name. */
  readonly hangs = new Set<string>();
  /** What the comparisons find: in the hold, and after the release. */
  compared: Record<'rest' | 'again', Comparison> = { rest: MATCH, again: MATCH };
  /** Whether the tables are in the hold as the stream knows them. */
  unaltered: boolean | undefined = true;
  /** Why sequences of the new owner are behind. */
  behind: readonly string[] = [];
  /** So often the journal does not store the end. */
  forgetsEnds = 0;
  /** Of runs between two tries. */
  pauses = 0;
  /** The process that proxies are connected to. */
  process = 0;
  readonly running: Promise<unknown>[] = [];
  /** Aborted when the processes are to end. */
  readonly ending = new AbortController();
  #wake = Promise.withResolvers<void>();
  #full = Promise.withResolvers<never>();
  #now = 0;
  #timers: { at: number; wake: () => void }[] = [];
  #barrierWritten = false;
  #barrierApplied = false;

  constructor(owner: Side = 'legacy', epoch = 1) {
    this.slice = { owner, epoch };
    this.announced = { writes: 'open', owner };
    this.fences = {
      legacy: { epoch, mode: owner === 'legacy' ? 'armed' : 'moved' },
      candidate: { epoch, mode: owner === 'candidate' ? 'armed' : 'moved' },
    };
  }

  get row(): AttemptRow | undefined {
    return this.rows.at(-1);
  }

  /** Paused processes continue. */
  wake(): void {
    this.#wake.resolve();
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }

  /** A proxy can hold no more writes. */
  fill(): void {
    this.#full.promise.catch(() => undefined);
    this.#full.reject(new FicusError('FICUS_CUTOVER_HOLD_FULL', 'Proxy a can hold no more writes.'));
  }

  /** Begins an attempt, or takes over what another process left. Resolves when it has ended or died. */
  async start(wish: AttemptWish): Promise<'ended' | 'died'> {
    this.process += 1;
    const died = Promise.withResolvers<'died'>();
    const life: Life = { state: 'runs', end: () => died.resolve('died') };
    const ports = this.#ports(this.process, life);
    const left = this.rows.find(({ finishedAt }) => finishedAt === null);
    // What a control plane announces first is derived from the journal.
    if (left) this.announced = { writes: 'held', owner: this.slice.owner };
    const work = async (): Promise<'ended'> => {
      const row = left ?? (await ports.journal.begin(wish, 0).catch(() => undefined));
      if (!row) return 'ended';
      const { signal } = this.ending;
      const limits = { ...DEFAULT_LIMITS, retryMs: 0 };
      await new AttemptRun(row, { ports, limits, fresh: left === undefined, signal }).run();
      return 'ended';
    };
    const running = work();
    this.running.push(running);
    return Promise.race([running, died.promise]);
  }

  #ports(process: number, life: Life): CutoverPorts {
    const call = <T>(name: string, effect: () => T) => this.#call(name, effect, life);
    return {
      journal: this.#journal(call, process),
      gate: this.#gate(call, process),
      open: (attempt) => call('open', () => this.#sides(call, attempt.from, attempt.to)),
      arm: () => call('arm', () => ({ refusals: [], notes: [] })),
      now: () => this.#now,
      sleep: (ms) =>
        new Promise((wake) => {
          if (ms === 0) this.pauses += 1;
          if (ms === 0 || ms === QUIET_MS) setImmediate(wake);
          else this.#timers.push({ at: this.#now + ms, wake });
        }),
    };
  }

  async #call<T>(name: string, effect: () => T, life: Life): Promise<T> {
    const fault = this.faults.get(this.calls.push(name));
    await Promise.resolve();
    await this.#suffer(fault, 'before', life);
    if (fault === 'fails-before') throw new Error(`${name} failed`);
    const refusal = this.refusals.get(name);
    if (refusal !== undefined) throw refusal;
    if (this.hangs.has(name)) await new Promise(() => undefined);
    const result = effect();
    this.#check(name);
    await this.#suffer(fault, 'after', life);
    if (fault === 'fails-after') throw new Error(`the answer of ${name} is missing`);
    return result;
  }

  /** All calls of a process die or sleep with it. */
  async #suffer(fault: Fault | undefined, when: 'before' | 'after', life: Life): Promise<void> {
    if (fault === `dies-${when}`) life.state = 'dead';
    if (fault === `sleeps-${when}` && life.state === 'runs') life.state = 'asleep';
    if (life.state === 'runs') return;
    life.end();
    if (life.state === 'asleep') {
      await this.#wake.promise;
      if (life.state === 'asleep') life.state = 'runs';
    }
    if ((life.state as string) === 'dead') await new Promise(() => undefined);
  }

  /** What must hold at every moment. */
  #check(call: string): void {
    const { legacy, candidate } = this.fences;
    const { owner } = this.slice;
    const other: Side = owner === 'legacy' ? 'candidate' : 'legacy';
    if (lets(legacy) && lets(candidate)) this.violations.push(`two owners after ${call}`);
    if (lets(this.fences[other])) this.violations.push(`the fence of the ${other} is open after ${call}`);
    if (this.announced.writes === 'open' && this.announced.owner !== owner)
      this.violations.push(`writes go to the ${other} after ${call}`);
  }

  /**
   * Compare and set alone keeps replaced processes out here; in truth their connection, which had the control plane's lock,
   * is lost. Only a new attempt needs that.
   */
  #journal(call: <T>(name: string, effect: () => T) => Promise<T>, process: number): Journal {
    const change = (id: number, apply: (row: AttemptRow) => Partial<AttemptRow>) => {
      const at = this.rows.findIndex((row) => row.id === id);
      this.rows[at] = { ...this.rows[at]!, ...apply(this.rows[at]!) };
      return this.rows[at];
    };
    const isOpen = (row: AttemptRow | undefined) =>
      row?.outcome === null && row.journaledAt === null && row.finishedAt === null;
    const rowOf = (id: number) => this.rows.find((row) => row.id === id);
    return {
      begin: (wish) =>
        call('begin', () => {
          if (this.process !== process) throw new Error('the connection is lost');
          return this.#begin(wish);
        }),
      enter: ({ id }, step) =>
        call('enter', () => isOpen(rowOf(id)) && change(id, () => ({ step })) !== undefined),
      commit: (attempt, barrier) =>
        call('commit', () => {
          const same = this.slice.epoch === attempt.fromEpoch && this.slice.owner === attempt.from;
          if (!isOpen(rowOf(attempt.id)) || !same) return false;
          const old = this.fences[attempt.from];
          if (old?.epoch !== attempt.epoch || old.mode !== 'hold')
            this.violations.push('journaled without the fence');
          if (!this.#barrierApplied) this.violations.push('journaled before the barrier was applied');
          this.slice = { owner: attempt.to, epoch: attempt.epoch };
          change(attempt.id, () => ({ journaledAt: 'now', step: 'journal', barrier }));
          return true;
        }),
      abandon: ({ id }, failure) =>
        call('abandon', () => {
          const outcome = failure ? 'abandoned' : 'rehearsed';
          if (isOpen(rowOf(id))) change(id, () => ({ outcome, failure }));
          return rowOf(id)!;
        }),
      finish: ({ id }, record) =>
        call('finish', () => {
          if (this.forgetsEnds-- > 0) return rowOf(id)!;
          return change(id, ({ outcome, step }) => ({
            outcome: outcome ?? 'done',
            step: outcome === null ? 'check' : step,
            finishedAt: 'now',
            ...record,
          }))!;
        }),
    };
  }

  #begin({ operation, ...wish }: AttemptWish): AttemptRow {
    const to: Side = operation === 'cutover' ? 'candidate' : 'legacy';
    if (this.rows.some(({ finishedAt }) => finishedAt === null) || this.slice.owner === to)
      throw new FicusError('FICUS_CUTOVER_BUSY', 'busy');
    const epoch = 1 + Math.max(this.slice.epoch, ...this.rows.map((row) => row.epoch));
    const row: AttemptRow = {
      ...wish,
      ...{
        operation,
        id: this.rows.length + 1,
        from: this.slice.owner,
        to,
        fromEpoch: this.slice.epoch,
        epoch,
      },
      ...{ step: 'arm', outcome: null, failure: null, barrier: null, timings: {}, notes: [], report: {} },
      ...{ startedAt: 'now', journaledAt: null, finishedAt: null },
    };
    this.rows.push(row);
    return row;
  }

  /** Proxies are connected to the newest process: what others announce reaches none. It announces the owner that it knows. */
  #gate(call: <T>(name: string, effect: () => T) => Promise<T>, process: number): WriteGate {
    let known = this.slice;
    const announce = (writes: Writes) => {
      if (this.process === process) this.announced = { writes, owner: known.owner };
    };
    return {
      lease: () => call('lease', () => announce('leased')),
      hold: () => call('hold', () => announce('held')),
      drainEndless: () => call('drain-endless', () => undefined),
      endless: () => [],
      broken: () => this.#full.promise,
      adopt: (_, owner, epoch) => {
        if (epoch > known.epoch) known = { owner, epoch };
      },
      open: () => {
        this.calls.push('release');
        announce('open');
        this.#check('release');
      },
      lateProxies: () => call('late-proxies', () => []),
    };
  }

  #sides(call: <T>(name: string, effect: () => T) => Promise<T>, from: Side, to: Side): Sides {
    const raise = (which: 'stream' | 'back') => (epoch: number) =>
      call(`raise ${which}`, () => {
        this.streamEpochs[which] = Math.max(this.streamEpochs[which], epoch);
      });
    return {
      oldFence: this.#fence(call, from),
      newFence: this.#fence(call, to),
      stream: {
        isMoving: () => call('moving', () => true),
        waitForPosition: () =>
          call('barrier', () => {
            this.#barrierApplied = this.#barrierWritten;
            return true;
          }),
        isUnaltered: async () => this.unaltered,
        raiseEpoch: raise('stream'),
      },
      back: {
        isMoving: async () => true,
        waitForPosition: () => Promise.resolve(true),
        isUnaltered: async () => true,
        raiseEpoch: raise('back'),
      },
      compare: {
        narrow: async () => void this.calls.push('narrow'),
        rest: () => call('verify', () => this.compared.rest),
        again: () => call('check', () => this.compared.again),
      },
      sequences: { behind: () => call('sequences', () => this.behind) },
      close: async () => undefined,
    };
  }

  #fence(call: <T>(name: string, effect: () => T) => Promise<T>, side: Side): FencePort {
    return {
      state: () => call(`state ${side}`, () => this.fences[side]),
      install: (first) => call(`install ${side}`, () => (this.fences[side] ??= first)),
      turn: ({ expected, wanted }) =>
        call(`turn ${side} ${wanted.mode}`, () => {
          const found = this.fences[side];
          const same = found?.epoch === expected.epoch && found.mode === expected.mode;
          if (!same) return { turned: false, found } as const;
          if (wanted.epoch < expected.epoch) this.violations.push(`the epoch of the ${side}’s fence fell`);
          this.fences[side] = wanted;
          if (wanted.mode === 'hold') [this.#barrierWritten, this.#barrierApplied] = [true, false];
          return { turned: true, lsn: '0/1', drainedMs: 0 } as const;
        }),
      blockers: async () => [],
      gaps: async () => [],
    };
  }
}
