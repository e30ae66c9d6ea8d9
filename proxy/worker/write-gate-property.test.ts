/**
 * Whatever happens in whatever order (states of the past too, leases that run out, clients that leave, connections that come
 * late): no write is sent while its slice is held, or without a lease, or for a former owner; each is sent once at most; one
 * caller's writes keep their order.
 */
import { INITIAL_SLICE_STATE, type SliceState } from '@ficus/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acceptState, type KnownState } from '../hold/accept-state.ts';
import { evaluatePassage, type Lease } from '../hold/evaluate-passage.ts';
import { ANONYMOUS } from '../identify/identity.ts';
import { failed } from '../request/outcome.fixture.ts';
import { WritePins } from '../request/write-pins.ts';
import { makeGate } from './gate.fixture.ts';

const SLICES = ['notes', 'tags'] as const;
const TIMEOUTS = { connectMs: 1, firstByteMs: 300, idleMs: 300 } as never;

interface Request {
  readonly user: string;
  readonly write: WritePins;
  at: 'gate' | 'connecting' | 'sent' | 'over';
  wasHeld: boolean;
  sends: number;
}

class Simulation {
  readonly #rig: ReturnType<typeof makeGate>;
  readonly requests: Request[] = [];
  readonly #known = new Map<string, KnownState>();
  readonly #leases: Record<string, Lease> = {};
  readonly #waitMs: number;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
    this.#rig = makeGate({ releasedAtOnce: 3, softCount: 5, hardCount: 8, turnWaitMs: waitMs });
    for (const slice of SLICES) this.state(slice, 'open', 1, 0);
  }

  stateOf(slice: string): SliceState {
    return this.#known.get(slice)?.state ?? INITIAL_SLICE_STATE;
  }

  state(slice: string, writes: SliceState['writes'], epoch: number, attempt: number): void {
    const owner = epoch % 2 === 1 ? 'legacy' : 'candidate';
    const under = { attempt, leaseMs: 1_000, waitMs: this.#waitMs };
    const next = { owner, epoch, ...(writes === 'open' ? { writes } : { writes, ...under }) } as SliceState;
    const before = this.stateOf(slice);
    const accepted = acceptState(this.#known.get(slice), next);
    if (accepted === undefined) return;
    // From its announcement on, a new attempt has a lease.
    const isNew = before.writes === 'open' || before.attempt !== attempt;
    if (next.writes === 'leased' && isNew) this.#lease(slice, next);
    this.#known.set(slice, accepted);
    this.#rig.set(next, slice);
  }

  renew(slice: string): void {
    const state = this.stateOf(slice);
    if (state.writes === 'open') return;
    this.#lease(slice, state);
    this.#rig.renew({ ...this.#leases });
  }

  #lease(slice: string, { attempt, leaseMs }: Exclude<SliceState, { writes: 'open' }>): void {
    this.#leases[slice] = { attempt, untilMs: this.#rig.clock.now + leaseMs };
  }

  arrive(user: string, slices: readonly string[]): void {
    const { gate, writes, passage } = this.#rig;
    const host = {
      ...{ gate, writes, passage, stateOf: (slice: string) => this.stateOf(slice) },
      pins: { keyFor: (_: string, key: string) => key },
    };
    const message = { rawHeaders: [] };
    const head = { target: '/', hasBody: false };
    const state = { host, identity: ANONYMOUS, name: {}, request: message, head, endless: false };
    const write = new WritePins(state as unknown as ConstructorParameters<typeof WritePins>[0]);
    const request: Request = { user, write, at: 'gate', wasHeld: false, sends: 0 };
    for (const slice of slices) write.add(slice, user, user);
    this.requests.push(request);
    this.#pass(request, () => write.passGate((refusal) => this.#left(request, refusal)));
  }

  /** Its connection is there. */
  connect(request: Request): void {
    if (request.at !== 'connecting') return;
    const { write } = request;
    if (write.trySend()) {
      request.at = 'sent';
      request.sends += 1;
      this.#checkSent(request);
      return;
    }
    request.at = 'gate';
    this.#pass(request, () => write.passGateAgain((refusal) => this.#left(request, refusal)));
  }

  answer(request: Request, how: 'completed' | 'lost'): void {
    if (request.at !== 'sent') return;
    const lost = failed({ side: 'client', mayHaveBeenSent: true });
    request.write.noteOutcome(how === 'lost' ? lost : { ...lost, kind: 'completed', status: 200 }, TIMEOUTS);
    this.#end(request);
  }

  leave(request: Request): void {
    if (request.at === 'gate') {
      request.write.abandon();
      this.#end(request);
    } else if (request.at === 'connecting') {
      request.write.noteOutcome(failed({ side: 'client' }), TIMEOUTS);
      this.#end(request);
    } else this.answer(request, 'lost');
  }

  pass(ms: number): void {
    this.#rig.pass(ms);
  }

  check(): void {
    const { writes, gate } = this.#rig;
    for (const slice of SLICES) {
      const sent = this.requests.filter(({ at, write }) => at === 'sent' && write.slices.includes(slice));
      expect(writes.inFlight(slice) - writes.orphaned(slice)).toBe(sent.length);
    }
    expect(gate.heldCount).toBe(this.requests.filter(({ at }) => at === 'gate').length);
  }

  /** All attempts end, and all requests with them: nothing is left behind. */
  finish(): void {
    for (const slice of SLICES) this.state(slice, 'open', 100, 0);
    for (let round = 0; round < 2 * this.requests.length + 2; round += 1) {
      for (const request of this.requests) this.connect(request);
      for (const request of this.requests) this.answer(request, 'completed');
    }
    this.pass(400);
    expect(this.requests.map(({ at }) => at)).toEqual(this.requests.map(() => 'over'));
    expect([this.#rig.gate.heldCount, this.#rig.timers.size]).toEqual([0, 0]);
    for (const slice of SLICES) {
      expect(this.#rig.writes.inFlight(slice)).toBe(0);
      expect([...this.#rig.writes.underWay(slice)]).toEqual([]);
    }
  }

  #pass(request: Request, enter: () => void): void {
    enter();
    if (request.at === 'gate') request.wasHeld = true;
  }

  #left(request: Request, refusal: unknown): void {
    if (refusal === undefined) request.at = 'connecting';
    else this.#end(request);
  }

  #end(request: Request): void {
    request.at = 'over';
    request.write.end();
  }

  #checkSent(request: Request): void {
    expect(request.sends).toBe(1);
    for (const slice of request.write.slices) {
      const state = this.stateOf(slice);
      expect(evaluatePassage(state, this.#leases[slice], () => this.#rig.clock.now)).toBe('pass');
    }
    // Where deadlines are far: a write that waits for its turn leaves at its own.
    if (this.#waitMs < 1e6) return;
    const earlier = this.requests
      .slice(0, this.requests.indexOf(request))
      .filter(
        ({ user, at, write }) => user === request.user && at !== 'over' && shares(write, request.write),
      );
    expect(earlier.filter(({ at }) => at === 'gate')).toEqual([]);
    if (request.wasHeld) expect(earlier).toEqual([]);
  }
}

const shares = (a: WritePins, b: WritePins): boolean => a.slices.some((slice) => b.slices.includes(slice));

const slice = fc.constantFrom(...SLICES);
const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constant('arrive'), fc.nat(2), fc.subarray([...SLICES], { minLength: 1 })),
  },
  { weight: 4, arbitrary: fc.tuple(fc.constant('connect'), fc.nat(30), fc.constant(null)) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('completed', 'lost', 'leave'), fc.nat(30), fc.constant(null)),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('renew'), slice, fc.constant(null)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('pass'), fc.nat(900), fc.constant(null)) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constantFrom('open', 'leased', 'held'),
      slice,
      fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 7 })),
    ),
  },
);

function run(events: readonly (readonly [string, unknown, unknown])[], waitMs: number): Simulation {
  const simulation = new Simulation(waitMs);
  for (const [kind, first, second] of events) {
    const request = simulation.requests[Number(first) % Math.max(1, simulation.requests.length)];
    if (kind === 'arrive') simulation.arrive(`user-${first}`, second as string[]);
    else if (kind === 'renew') simulation.renew(first as string);
    else if (kind === 'pass') simulation.pass(first as number);
    else if (kind === 'open' || kind === 'leased' || kind === 'held') {
      const [epoch, attempt] = second as [number, number];
      simulation.state(first as string, kind, epoch, attempt);
    } else if (request === undefined) continue;
    else if (kind === 'connect') simulation.connect(request);
    else if (kind === 'leave') simulation.leave(request);
    else simulation.answer(request, kind as 'completed');
    simulation.check();
  }
  return simulation;
}

test.each([
  ['far', 1e9],
  ['near', 500],
])('deadlines that are %s', (_, waitMs) => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 20, maxLength: 80 }), (events) => {
      run(events, waitMs).finish();
    }),
    { numRuns: 1_000 },
  );
});
