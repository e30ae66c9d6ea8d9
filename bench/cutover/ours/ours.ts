/**
 * Ficus: two proxies with two workers each, a control plane with both streams, an application in front of each database.
 * A change of owner is ordered by the API, as `ficus cutover` and `ficus rollback` do.
 */
import type { AttemptView, ControlClient, CutoverView } from '@ficus/contract';
import { CUTOVER_STEPS, type CutoverStep } from '@ficus/core';
import type pg from 'pg';
import { onMachineClock } from '../../../sample/load/write-record.ts';
import { asApp, findWrites, NOTE_INSERT } from '../app/slice-tables.ts';
import { assertAnswers, findUsers } from '../app/start-app.ts';
import type { Databases, Ready, Subject, Switched } from '../subject.ts';
import { SLICE } from './ficus-document.ts';
import { type OursOptions, type RunningOurs, type Stops, startOurs } from './start-ours.ts';

/** A session is recorded once a minute: so long it may take until a write of the new owner's application is seen. */
const ARM_MS = 150_000;
/** Reads of everybody, as after `live`: a cutover comes when they have moved. */
const ALL = 100;

/** A cutover wants less than a second. */
const LAG_MS = 500;
const LOOK_EVERY_MS = 200;

/** `check` follows it. */
const UNTIL_RELEASE = CUTOVER_STEPS.slice(0, CUTOVER_STEPS.indexOf('release') + 1);

type Order = (client: ControlClient) => Promise<CutoverView>;

export class Ours implements Subject {
  readonly name = 'ficus';
  readonly keepsBoth = true;
  readonly sideDoorInsert = NOTE_INSERT;
  readonly #options: OursOptions;
  readonly #stops: Stops = [];
  /** Of all attempts so far: each is shown once. */
  readonly #notes = new Set<string>();
  #running: RunningOurs | undefined;
  #owner: 'legacy' | 'candidate' = 'legacy';

  constructor(options: OursOptions) {
    this.#options = options;
  }

  async setup(marks: number): Promise<Ready> {
    this.#running = await startOurs(marks, this.#options, this.#stops);
    const { client, legacy, proxies, seeded } = this.#running;
    const users = await findUsers(legacy.client, seeded.customers);
    const ready = { addresses: proxies, inserts: true, ...users };
    await assertAnswers(ready);
    await client.setServe(SLICE, { percent: ALL, force: true, reason: 'benchmark' });
    await assertAnswers(ready);
    return ready;
  }

  databases(): Databases {
    const { legacy, candidate } = this.#parts();
    const [owner, other] = this.#owner === 'legacy' ? [legacy, candidate] : [candidate, legacy];
    return { owner: owner.url, other: other.url, sideDoor: asApp(owner.url) };
  }

  /** Before a cutover, who else writes is observed again, and all rows are compared; a rollback needs neither. */
  async arm(): Promise<void> {
    if (this.#owner === 'candidate') return;
    const { client } = this.#parts();
    await client.observeWriters(SLICE, { on: true });
    const last = await this.#untilWritersPass();
    if (last !== 'pass') throw new Error(`writers: ${last}`);
    const deadline = performance.now() + ARM_MS;
    let { verdict } = await client.verify(SLICE);
    // On a busy machine a run may not see rows rest: it has found nothing, and is repeated.
    while (verdict === 'inconclusive' && performance.now() < deadline)
      ({ verdict } = await client.verify(SLICE));
    if (verdict !== 'match') throw new Error(`the databases are not equal: ${verdict}`);
  }

  switch(): Promise<Switched> {
    return this.#changeOwner('candidate', (client) => client.cutover(SLICE, { reason: 'benchmark' }));
  }

  back(): Promise<Switched> {
    return this.#changeOwner('legacy', (client) => client.rollback(SLICE, { reason: 'benchmark' }));
  }

  findWrites(database: pg.Client): Promise<Map<string, number>> {
    return findWrites(database, this.#parts().seeded.lastSeeded);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch(() => undefined);
  }

  async #changeOwner(next: 'legacy' | 'candidate', order: Order): Promise<Switched> {
    const orderedAt = onMachineClock(performance.now());
    // An attempt that a busy machine makes too slow is made again. How many there are has a bound of its own.
    const deadline = performance.now() + ARM_MS;
    let from: number | undefined;
    for (let abandoned = 0; ; abandoned += 1) {
      const beganAt = onMachineClock(performance.now());
      const { attempt, owner, inconsistency } = await this.#attempt(order);
      const endedAt = onMachineClock(performance.now());
      from ??= attempt ? beganAt + sumSteps(attempt, ['arm']) : beganAt;
      if (attempt?.state === 'done' && owner === next && inconsistency === null) {
        this.#owner = next;
        const steps = Object.fromEntries(attempt.steps.map(({ step, ms }) => [step, ms ?? 0]));
        const to = beganAt + sumSteps(attempt, UNTIL_RELEASE);
        return { orderedAt, from, to, endedAt, steps: { ...steps, held: attempt.pauseMs ?? 0 }, abandoned };
      }
      if (attempt?.state !== 'abandoned' || inconsistency !== null || performance.now() > deadline)
        throw new Error(`no change of owner: ${JSON.stringify({ owner, inconsistency, attempt })}`);
      this.#options.log(`${attempt.operation} abandoned in ${attempt.step}: ${attempt.failure?.message}`);
      await this.#untilReady(next, deadline);
    }
  }

  async #attempt(order: Order): Promise<CutoverView> {
    const { client } = this.#parts();
    await order(client);
    const view = await client.followCutover(SLICE);
    const steps = view.attempt?.steps.map(({ step, ms }) => `${step} ${ms === null ? '–' : Math.round(ms)}`);
    this.#options.log(`epoch ${view.epoch}, ms: ${steps?.join(', ')}`);
    for (const note of view.attempt?.notes ?? [])
      if (!this.#notes.has(note)) this.#options.log(`note: ${note}`);
    for (const note of view.attempt?.notes ?? []) this.#notes.add(note);
    return view;
  }

  /** After the deadline the attempt itself says what is missing. */
  async #untilReady(next: 'legacy' | 'candidate', deadline: number): Promise<void> {
    const { client } = this.#parts();
    while (performance.now() < deadline) {
      const { replication, rollback } = await client.slice(SLICE);
      const follows = replication?.state === 'streaming' && replication.lagMs <= LAG_MS;
      const { answer } = next === 'candidate' ? await client.writers(SLICE) : rollback;
      if (follows && answer === 'pass') return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** @returns why not, when they never do */
  async #untilWritersPass(): Promise<string> {
    const deadline = performance.now() + ARM_MS;
    for (;;) {
      const { answer, text, reasons } = await this.#parts().client.writers(SLICE);
      if (answer === 'pass') return answer;
      if (performance.now() > deadline) return [text, ...reasons].join(' ');
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  #parts(): RunningOurs {
    if (this.#running === undefined) throw new Error('setup() comes first');
    return this.#running;
  }
}

function sumSteps({ steps }: AttemptView, among: readonly CutoverStep[]): number {
  return steps.reduce((sum, { step, ms }) => sum + (among.includes(step) ? (ms ?? 0) : 0), 0);
}
