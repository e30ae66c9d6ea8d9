/** Mistakes in what proxies send, hold, acknowledge and release. */
import type { Mutant, NamedTest } from './mutant.ts';

const LEASES = 'control/cutover/evaluate-leases.ts';
const inLeases = (test: string): NamedTest => ({ file: 'control/cutover/evaluate-leases.test.ts', test });
const inGate = (test: string): NamedTest => ({ file: 'proxy/worker/write-gate.test.ts', test });
const inPins = (test: string): NamedTest => ({ file: 'proxy/request/write-pins.test.ts', test });

export const PROXY_MUTANTS: readonly Mutant[] = [
  {
    name: 'decided-first',
    effect: 'a held write goes to the side that it was decided for before the hold',
    file: 'proxy/request/write-pins.ts',
    edits: [{ find: 'if (this.#host.stateOf(slice).epoch !== this.#epochs[i]) return true;', replace: '' }],
    caughtBy: [
      inPins('a write is not sent while a slice that it writes is held, nor once its owner has changed'),
    ],
  },
  {
    name: 'decided-at-gate',
    effect: 'a write is decided when it enters the gate, not when it leaves',
    file: 'proxy/request/request-run.ts',
    edits: [
      {
        find: '  const pins = new WritePins(state);\n',
        replace:
          '  if (route !== undefined) state.decision = decideRequest(state.host, route, state);\n  const pins = new WritePins(state);\n',
      },
      {
        find: 'const decision = decideRequest(state.host, route, state);',
        replace:
          'const decision = state.pins === undefined ? decideRequest(state.host, route, state) : state.decision!;',
      },
    ],
    caughtBy: [
      {
        file: 'test/integration/proxy/held-writes.http.test.ts',
        test: 'writes wait while reads are served, and go to the owner at the time of their release',
      },
    ],
  },
  {
    name: 'sent-while-held',
    effect: 'a write that waited for its connection is sent during the hold',
    file: 'proxy/request/write-pins.ts',
    edits: [{ find: "if (this.#host.passage(slice) !== 'pass') return true;", replace: '' }],
    caughtBy: [
      inPins('a write is not sent while a slice that it writes is held, nor once its owner has changed'),
    ],
  },
  {
    name: 'lease-of-any-attempt',
    effect: 'a lease of an earlier attempt lets a proxy write',
    file: 'proxy/hold/evaluate-passage.ts',
    edits: [{ find: 'lease?.attempt === state.attempt && now()', replace: 'lease !== undefined && now()' }],
    caughtBy: [
      inPins('under an attempt a write is sent only by a proxy with a valid lease for that attempt'),
    ],
  },
  {
    name: 'first-lease-repeated',
    effect: 'a proxy without an answer gets another lease with each announcement: it never stops by itself',
    file: 'proxy/worker/slice-states.ts',
    edits: [
      {
        find: "before.writes !== 'open' && before.attempt === state.attempt",
        replace: "before.writes !== 'open' && before.attempt > state.attempt",
      },
    ],
    caughtBy: [
      inGate('under a lease > the first lease counts from the announcement, however often that is repeated'),
    ],
  },
  {
    name: 'seen-by-anybody',
    effect: 'a write of another proxy that one caller has shown pins no other, though it is theirs',
    file: 'proxy/pin/writes-elsewhere.ts',
    edits: [{ find: '`${write} ${key}`', replace: 'key && write' }],
    caughtBy: [
      {
        file: 'proxy/pin/writes-elsewhere.test.ts',
        test: 'a write that one caller has shown pins every other who shows it',
      },
    ],
  },
  {
    name: 'lease-from-answer',
    effect: 'a lease begins when it is answered: the control plane counts the proxy out before that ends',
    file: 'proxy/primary/hold-keeper.ts',
    edits: [
      {
        find: 'this.#renew(holds, renewed, leaseMs, sentAtMs)',
        replace: 'this.#renew(holds, renewed, leaseMs, this.#parts.now())',
      },
    ],
    caughtBy: [
      {
        file: 'proxy/primary/hold-keeper.test.ts',
        test: 'a lease begins when the acknowledgement is sent, and only once that is answered',
      },
    ],
  },
  {
    name: 'counted-out-early',
    effect: 'a proxy is counted out while its lease is valid',
    file: LEASES,
    edits: [{ find: 'hold.receivedAt + outMs', replace: 'hold.receivedAt + outMs / 2' }],
    caughtBy: [inLeases('a silent proxy is counted out when its lease has run out, and not before')],
  },
  {
    name: 'no-margin-for-clocks',
    effect: 'a proxy is counted out in the moment in which its lease ends by another clock',
    file: 'control/cutover/proxy-leases.ts',
    edits: [{ find: 'leaseMs + MARGIN_MS', replace: 'leaseMs' }],
    caughtBy: [
      {
        file: 'control/cutover/proxy-leases.test.ts',
        test: 'a lease that runs out wakes the attempt that waits for its proxy',
      },
    ],
  },
  {
    name: 'renewed-in-hold',
    effect: 'a proxy that still writes under its lease gets another one during the hold',
    file: 'control/link/hold-to-attempts.ts',
    edits: [
      {
        find: "if (state.writes === 'held' && hold.writes === 'leased')",
        replace: "if (state.writes === 'held' && hold.attempt < 0)",
      },
    ],
    caughtBy: [
      {
        file: 'control/link/hold-to-attempts.test.ts',
        test: 'leased in the hold: renewed or not, taken or not',
      },
    ],
  },
  {
    name: 'in-flight-not-waited-for',
    effect: 'a proxy counts as drained while writes that it has sent are under way',
    file: LEASES,
    edits: [{ find: "hold.writes === 'held' && clients <= 0", replace: "hold.writes === 'held'" }],
    caughtBy: [inLeases('drained: one with writes under way')],
  },
  {
    name: 'acknowledged-early',
    effect: 'a worker that has not applied the hold does not keep its proxy from acknowledging it',
    file: 'proxy/hold/sum-holds.ts',
    edits: [{ find: "if (worker.writes === 'leased') writes = 'leased';", replace: '' }],
    caughtBy: [
      { file: 'proxy/hold/sum-holds.test.ts', test: 'one worker that still sends under the lease: leased' },
    ],
  },
  {
    name: 'lost-attempt-is-over',
    effect: 'a write whose answer was lost counts as ended while the owner may still execute it',
    file: 'proxy/hold/slice-writes.ts',
    edits: [{ find: 'if (afterMs === 0) this.#ends(one);', replace: 'if (afterMs >= 0) this.#ends(one);' }],
    caughtBy: [
      {
        file: 'proxy/hold/slice-writes.test.ts',
        test: 'a lost attempt stays in flight, without a client, for as long as it may be executed',
      },
    ],
  },
  {
    name: 'killed-worker-forgotten',
    effect: 'writes of a worker that was killed count as ended while the owner may still execute them',
    file: 'proxy/primary/hold-keeper.ts',
    edits: [{ find: 'isHeld ? Math.min(count, hold.inFlight) : count, forMs)', replace: '0, forMs)' }],
    caughtBy: [
      {
        file: 'proxy/primary/hold-keeper.test.ts',
        test: 'under a lease, or before an attempt, all its writes may have been sent',
      },
    ],
  },
  {
    name: 'late-acknowledgement',
    effect: 'an acknowledgement that arrives late says that a busy proxy has drained',
    file: 'control/cutover/proxy-leases.ts',
    edits: [{ find: 'if (last && last.number >= report.number) return;', replace: '' }],
    caughtBy: [
      {
        file: 'control/cutover/proxy-leases.test.ts',
        test: 'an acknowledgement of another attempt, or an older one that arrives late, counts for nothing',
      },
    ],
  },
  {
    name: 'state-of-the-past',
    effect: 'a control plane that was replaced opens what is held',
    file: 'proxy/hold/accept-state.ts',
    edits: [{ find: 'if (next.epoch < known.state.epoch) return undefined;', replace: '' }],
    caughtBy: [
      { file: 'proxy/hold/accept-state.test.ts', test: 'an owner of the past opens a hold: accepted or not' },
    ],
  },
  {
    name: 'overtaken-by-caller',
    effect: 'a user’s second write is sent before the first one is over',
    file: 'proxy/worker/held-queue.ts',
    edits: [{ find: 'passed.has(caller) || this.#ahead.has(caller)', replace: 'passed.has(caller)' }],
    caughtBy: [
      inGate('order > a write that is still on its way after the release goes before the one that waited'),
    ],
  },
  {
    name: 'reads-stay-behind',
    effect: 'the reads of a user who has just written go to the legacy, whichever side owns the slice',
    file: 'core/decide/decide-side.ts',
    edits: [{ find: "return [facts.owner, 'pinned'];", replace: "return ['legacy', 'pinned'];" }],
    caughtBy: [
      {
        file: 'core/decide/decide-side.test.ts',
        test: 'decideSide > a pinned user reads from the owner unless a tester forces a side',
      },
    ],
  },
  {
    name: 'positions-of-the-old-owner',
    effect: 'a pin is released by a position of the old owner’s WAL, before the other side has the write',
    file: 'proxy/pin/pin-ledger.ts',
    edits: [{ find: '    this.#changed.add(slice);\n    const again', replace: '    const again' }],
    caughtBy: [
      {
        file: 'proxy/pin/pin-ledger.test.ts',
        test: 'a pin’s life > requests a position again that arrives after a change of owner: it belongs to the old owner’s WAL',
      },
    ],
  },
];
