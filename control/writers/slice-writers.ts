/**
 * The writers of one slice: both fences, what they have recorded, and since when. Connections are opened when they are needed,
 * and closed when the observation ends.
 *
 * Order of a reading: notes are read, added up, stored in the control database, and only then removed from the fenced one; a
 * crash in between counts nothing twice, for the keys of what was read are stored with it.
 */
import type { Fence, FenceOptions } from '@ficus/cdc';
import { type FenceMode, FicusError, OneAtATime, refusalText, type Side } from '@ficus/core';
import type { Logger } from 'pino';
import type { BusyIntervals } from './busy-intervals.ts';
import type { ObservedSide } from './evaluate-writers.ts';
import type { InventoryStore } from './inventory-store.ts';
import { isWatching, readSide } from './read-side.ts';
import type { RouteActivity } from './route-activity.ts';
import { addNotes, EMPTY_INVENTORY, type InventoryState, ofOwner } from './writer-inventory.ts';

export type OpenFence = (options: FenceOptions) => Fence;

export interface SliceWritersOptions {
  readonly slice: string;
  readonly fences: Readonly<Record<Side, FenceOptions>>;
  readonly open: OpenFence;
  readonly store: InventoryStore;
  readonly busy: BusyIntervals;
  readonly routes: RouteActivity;
  readonly owner: () => Side;
  readonly epoch: () => number;
  /** While a cutover or rollback is under way, fences are its own. */
  readonly isMoving: () => Promise<boolean>;
  readonly logger: Logger;
  readonly now: () => number;
}

const SIDES = ['legacy', 'candidate'] as const;
const GAPS_EACH_MS = 60_000;
/** That nothing was found: an inventory may be long. */
const SAVED_EACH_MS = 30_000;
/** An attempt that was abandoned leaves a fence armed; what that misses is too short to begin again. */
const SHORT_GAP_MS = 60_000;
/** Full readings in a row, before others get their turn. */
const MOST_READINGS = 10;

export class SliceWriters {
  readonly #options: SliceWritersOptions;
  readonly #fences = new Map<Side, Fence>();
  readonly #sides = new Map<Side, ObservedSide>();
  readonly #turns = new OneAtATime();
  #reading: Promise<void> | undefined;
  #state: InventoryState;
  #gapsAt = Number.NEGATIVE_INFINITY;
  #savedAt = Number.NEGATIVE_INFINITY;
  /** When each fence was last seen to observe. */
  readonly #watchedAt = new Map<Side, number>();

  constructor(options: SliceWritersOptions, state: InventoryState = EMPTY_INVENTORY) {
    this.#options = options;
    this.#state = state;
  }

  get state(): InventoryState {
    return ofOwner(this.#state, this.#options.owner(), this.#options.now());
  }

  get sides(): readonly ObservedSide[] {
    return [...this.#sides.values()];
  }

  get options(): SliceWritersOptions {
    return this.#options;
  }

  /**
   * Installs what is missing of both fences, and lets them observe.
   * @param again forgets what was found
   * @throws FicusError of the fences; FICUS_WRITERS_NOT_OBSERVED when one is in use; FICUS_CONTROL_NOT_STORED
   */
  begin(again: boolean): Promise<void> {
    return this.#turns.run(async () => {
      for (const side of SIDES) await this.#observe(side);
      const { now, owner } = this.#options;
      if (again) await this.#discardNotes();
      const known = again ? { ...EMPTY_INVENTORY, owner: owner() } : this.state;
      if (known.since !== null) this.#state = known;
      else {
        const [legacy, candidate] = await Promise.all(SIDES.map((side) => this.#fence(side).missed()));
        const missedBefore = { legacy: legacy!, candidate: candidate! };
        this.#state = { ...known, since: now(), readAt: null, missedBefore };
      }
      await this.#save();
      this.#gapsAt = Number.NEGATIVE_INFINITY;
      await this.#readAll();
    });
  }

  /** Writers pass unrecorded again. The triggers stay; so does what was found. */
  end(): Promise<void> {
    return this.#turns.run(async () => {
      this.#state = { ...this.state, since: null };
      await this.#save();
      for (const side of SIDES) await this.#fence(side).observe(false);
      // Left there, they would keep the table of notes, which all slices share, from being emptied.
      await this.#discardNotes();
      this.#sides.clear();
      await this.#close();
    });
  }

  /** Does nothing while the slice is not observed. One that hangs is not called twice. Never throws. */
  read(): Promise<void> {
    this.#reading ??= this.#turns
      .run(async () => {
        this.#state = this.state;
        if (this.#state.since !== null) await this.#readAll();
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  stop(): Promise<void> {
    return this.#turns.run(() => this.#close());
  }

  async #observe(side: Side): Promise<void> {
    const fence = this.#fence(side);
    const first = await fence.install({ epoch: this.#options.epoch(), mode: 'observe' });
    const state = isWatching(first) ? first : await fence.observe(true);
    if (isWatching(state)) this.#watchedAt.set(side, this.#options.now());
    else if (side === this.#options.owner())
      throw new FicusError(
        'FICUS_WRITERS_NOT_OBSERVED',
        `The fence of ${this.#options.slice} on the ${side} is ${state?.mode ?? 'missing'}.`,
      );
  }

  async #discardNotes(): Promise<void> {
    for (const side of SIDES)
      for (let at = 0; at < MOST_READINGS; at++) {
        const keys = (await this.#fence(side).notes()).map(({ key }) => key);
        if (keys.length === 0) break;
        await this.#fence(side).forget(keys);
      }
  }

  async #readAll(): Promise<void> {
    const withGaps = this.#options.now() - this.#gapsAt >= GAPS_EACH_MS;
    const read = await Promise.all(SIDES.map((side) => this.#readSide(side, withGaps)));
    if (!read.every(Boolean)) return;
    if (withGaps) this.#gapsAt = this.#options.now();
    this.#state = { ...this.#state, readAt: this.#options.now() };
    // What was found is stored already.
    if (this.#options.now() - this.#savedAt >= SAVED_EACH_MS) await this.#save().catch(() => undefined);
  }

  /** Returns whether it could be read. */
  async #readSide(side: Side, withGaps: boolean): Promise<boolean> {
    const fence = this.#fence(side);
    try {
      await this.#keepWatching(side, fence);
      const state = await fence.state();
      for (let at = 0; at < MOST_READINGS; at++)
        if (!(await this.#readNotes(side, fence, this.#isShut(side, state?.mode)))) break;
      const known = this.#sides.get(side)?.gaps ?? [];
      const gaps = withGaps ? (await fence.gaps()).map(({ table, why }) => `${table} ${why}`) : known;
      const missed = (await fence.missed()) - this.#state.missedBefore[side];
      // Its notes may have no room, and none is left that could be removed.
      if (missed > (this.#sides.get(side)?.missed ?? 0)) await fence.forget([]);
      this.#sides.set(side, { side, problem: undefined, mode: state?.mode, gaps, missed });
      return true;
    } catch (error) {
      this.#failed(side, error);
      return false;
    }
  }

  /** Right after a change of owner the old owner's fence still holds; before it, the same fence is the owner's. */
  #isShut(side: Side, mode: FenceMode | undefined): boolean {
    return mode === 'moved' || (mode === 'hold' && side !== this.#options.owner());
  }

  /** An attempt that was abandoned has left it armed. */
  async #keepWatching(side: Side, fence: Fence): Promise<void> {
    const { now, isMoving } = this.#options;
    const found = await fence.state();
    const isLeft = found?.mode === 'armed' && !(await isMoving());
    const state = isLeft ? await fence.observe(true) : found;
    if (!isWatching(state)) return;
    const missed = found?.mode === 'armed' && now() - (this.#watchedAt.get(side) ?? 0) > SHORT_GAP_MS;
    if (missed) this.#state = { ...this.#state, since: now() };
    this.#watchedAt.set(side, now());
  }

  /**
   * Returns whether there may be more.
   * @param isShut no writer passes the fence: its notes are from before a change of owner
   */
  async #readNotes(side: Side, fence: Fence, isShut: boolean): Promise<boolean> {
    const { slice, busy, routes, fences, now } = this.#options;
    const unremoved = this.#state.unremoved[side];
    const { applierRole } = fences[side];
    const skip = new Set(unremoved);
    const { placed, keys, isFull } = await readSide(fence, { slice, busy, routes, applierRole, skip, now });
    if (keys.length === 0 && unremoved.length === 0) return false;
    const added = addNotes(this.#state, side, isShut ? [] : placed);
    const all = [...unremoved, ...keys];
    this.#state = { ...this.#state, ...added, unremoved: { ...this.#state.unremoved, [side]: all } };
    await this.#save();
    await fence.forget(all);
    this.#state = { ...this.#state, unremoved: { ...this.#state.unremoved, [side]: [] } };
    return isFull && keys.length > 0;
  }

  #failed(side: Side, error: unknown): void {
    const problem = refusalText(error);
    const before = this.#sides.get(side);
    if (before?.problem !== problem)
      this.#options.logger.warn({ slice: this.#options.slice, side, err: error }, 'writers cannot be read');
    this.#sides.set(side, {
      side,
      problem,
      mode: before?.mode,
      gaps: before?.gaps ?? [],
      missed: before?.missed ?? 0,
    });
  }

  async #save(): Promise<void> {
    await this.#options.store.save(this.#options.slice, this.#state);
    this.#savedAt = this.#options.now();
  }

  #fence(side: Side): Fence {
    const open = this.#fences.get(side) ?? this.#options.open(this.#options.fences[side]);
    this.#fences.set(side, open);
    return open;
  }

  async #close(): Promise<void> {
    const fences = [...this.#fences.values()];
    this.#fences.clear();
    await Promise.allSettled(fences.map((fence) => fence.close()));
  }
}
