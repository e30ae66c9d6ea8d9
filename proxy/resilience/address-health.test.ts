import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AddressChange, AddressHealth } from './address-health.ts';
import type { AddressRecord } from './address-record.ts';
import { mostOut } from './evaluate-outlier.ts';

const OPTIONS = {
  failures: 3,
  rate: 0.3,
  minRequests: 10,
  ejectMs: 100,
  maxEjectMs: 1_000,
  maxShare: 0.5,
  probeMs: 500,
};

function watch(addresses: readonly string[], options: Partial<typeof OPTIONS> = {}) {
  const changes: AddressChange[] = [];
  const clock = { now: 0 };
  const health = new AddressHealth(
    { ...OPTIONS, ...options },
    (change) => changes.push(change),
    () => clock.now,
  );
  health.arrange(addresses);
  const of = (address: string): AddressRecord => health.of(address)!;
  const fail = (address: string, times: number): void => {
    for (let time = 0; time < times; time += 1) of(address).failed('refused');
  };
  return { changes, clock, health, of, fail };
}

describe('an address that fails', () => {
  test('several times in a row is tried last; a success in between resets the count', () => {
    const { changes, health, of, fail } = watch(['a', 'b']);
    fail('a', 2);
    of('a').answered(200);
    fail('a', 2);
    expect(health.arrange(['a', 'b'])).toEqual(['a', 'b']);
    fail('a', 1);
    expect(changes).toEqual([{ kind: 'ejected', address: 'a', reason: 'refused', forMs: 100 }]);
    expect(health.arrange(['a', 'b'])).toEqual(['b', 'a']);
    // Requests that were under way say nothing new.
    fail('a', 9);
    expect(of('a').answered(200)).toBe(false);
    expect(changes).toHaveLength(1);
  });

  test('comes back through one probe', () => {
    const { changes, clock, health, of, fail } = watch(['a', 'b']);
    fail('a', 3);
    expect(health.probeAt).toBe(100);
    expect(health.takeProbe(true)).toBeUndefined();
    clock.now = 100;
    expect(health.takeProbe(true)).toBe('a');
    expect(health.takeProbe(true)).toBeUndefined();
    expect(of('a').answered(200)).toBe(true);
    expect(changes.at(-1)).toEqual({ kind: 'returned', address: 'a' });
    expect(health.probeAt).toBe(Number.POSITIVE_INFINITY);
    expect(health.arrange(['a', 'b'])).toEqual(['a', 'b']);
  });

  test('is out for longer when its probe fails, and for less time again after it stayed healthy', () => {
    const { changes, clock, health, of, fail } = watch(['a', 'b']);
    fail('a', 3);
    clock.now = 100;
    health.takeProbe(true);
    of('a').answered(500);
    expect(changes.at(-1)).toMatchObject({ reason: 'probe-failed', forMs: 200 });
    clock.now = 300;
    health.takeProbe(true);
    of('a').answered(204);
    clock.now = 499;
    fail('a', 3);
    expect(changes.at(-1)).toMatchObject({ kind: 'ejected', forMs: 200 });
    clock.now = 699;
    health.takeProbe(true);
    of('a').answered(200);
    clock.now = 10_000;
    fail('a', 3);
    expect(changes.at(-1)).toMatchObject({ kind: 'ejected', forMs: 100 });
  });

  test('is not judged by requests from before its probe', () => {
    const { changes, clock, health, of, fail } = watch(['a', 'b']);
    const before = of('a');
    fail('a', 3);
    clock.now = 100;
    health.takeProbe(true);
    before.failed('timed-out');
    before.answered(200);
    expect(changes).toHaveLength(1);
    of('a').answered(200);
    for (let time = 0; time < 9; time += 1) before.failed('timed-out');
    expect(changes).toHaveLength(2);
  });

  test('a request that may not be sent twice probes only when no other has come', () => {
    const { clock, health, fail } = watch(['a', 'b']);
    fail('a', 3);
    clock.now = 199;
    expect(health.takeProbe(false)).toBeUndefined();
    clock.now = 200;
    expect(health.takeProbe(false)).toBe('a');
  });

  test('a probe that never reports allows another', () => {
    const { clock, health, fail } = watch(['a', 'b']);
    fail('a', 3);
    clock.now = 100;
    health.takeProbe(true);
    clock.now = 599;
    expect(health.takeProbe(true)).toBeUndefined();
    clock.now = 600;
    expect(health.takeProbe(true)).toBe('a');
  });

  test('a probe whose client disconnects says nothing: the next may start at once', () => {
    const { changes, clock, health, of, fail } = watch(['a', 'b']);
    fail('a', 3);
    clock.now = 100;
    health.takeProbe(true);
    of('a').abandoned(0);
    expect(changes).toHaveLength(1);
    expect(health.takeProbe(true)).toBe('a');
  });

  test('far more often than the others is ejected, although it answers in between', () => {
    const { changes, of } = watch(['a', 'b']);
    for (let request = 0; request < 20; request += 1) {
      of('b').answered(200);
      of('a').answered(request % 2 === 0 ? 500 : 200);
    }
    expect(changes).toEqual([{ kind: 'ejected', address: 'a', reason: 'failure-rate', forMs: 100 }]);
  });

  test('no more often than its siblings stays, and old failures are forgotten', () => {
    const { changes, clock, of } = watch(['a', 'b']);
    for (let request = 0; request < 100; request += 1) {
      for (const address of ['a', 'b']) of(address).answered(request % 2 === 0 ? 500 : 200);
    }
    clock.now = 20_000;
    for (let request = 0; request < 100; request += 1) {
      of('b').answered(200);
      of('a').answered(request % 10 === 0 ? 500 : 200);
    }
    expect(changes).toEqual([]);
  });

  test('with 502 to 504 stays while all others do the same', () => {
    const { changes, of } = watch(['a', 'b', 'c']);
    for (let request = 0; request < 40; request += 1) {
      for (const address of ['a', 'b', 'c']) of(address).answered(503);
    }
    expect(changes).toEqual([]);
    of('c').answered(200);
    of('a').answered(503);
    expect(changes).toMatchObject([{ kind: 'ejected', address: 'a', reason: 'gateway-status' }]);
  });

  test('with 502 to 504 is not used again at once, unless the others do the same', () => {
    const { of } = watch(['a', 'b']);
    expect(of('a').answered(503)).toBe(false);
    expect(of('b').answered(503)).toBe(true);
    expect(of('b').answered(200)).toBe(true);
  });
});

describe('addresses that change', () => {
  test('a single address has no record, and an ejected one that becomes the only one returns', () => {
    const { changes, health, fail } = watch(['a', 'b']);
    fail('a', 3);
    expect(health.arrange(['a'])).toEqual(['a']);
    expect(changes.at(-1)).toEqual({ kind: 'returned', address: 'a' });
    expect(health.of('a')).toBeUndefined();
    expect(health.probeAt).toBe(Number.POSITIVE_INFINITY);
  });

  test('reports of a forgotten address are ignored', () => {
    const { changes, health, of } = watch(['a', 'b', 'c']);
    const gone = of('a');
    health.arrange(['b', 'c']);
    for (let time = 0; time < 9; time += 1) gone.failed('reset');
    expect(changes).toEqual([]);
  });
});

test('whatever happens: never all out, never more than allowed, one probe at a time, only a probe brings back', () => {
  const addresses = ['a', 'b', 'c', 'd'];
  const step = fc.record({
    address: fc.constantFrom(...addresses),
    what: fc.constantFrom('ok', 'ok', '500', '503', 'reset', 'probe', 'given-up', 'wait'),
    ms: fc.nat(150),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(0.25, 0.5, 1), (steps, maxShare) => {
      const { changes, clock, health, of } = watch(addresses, { maxShare });
      const out = new Set<string>();
      const probing = new Set<string>();
      for (const { address, what, ms } of steps) {
        const before = changes.length;
        const wasProbing = new Set(probing);
        if (what === 'wait') clock.now += ms;
        else if (what === 'probe') {
          const probed = health.takeProbe(true);
          if (probed !== undefined) {
            expect(out).toContain(probed);
            probing.add(probed);
          }
        } else if (what === 'given-up') {
          of(address).abandoned(0);
          probing.delete(address);
        } else if (what === 'reset') of(address).failed('reset');
        else of(address).answered(what === 'ok' ? 200 : Number(what));
        for (const change of changes.slice(before)) {
          expect(change.address).toBe(address);
          if (change.kind === 'returned') {
            expect(wasProbing).toContain(address);
            out.delete(address);
          } else {
            expect(out.has(address)).toBe(wasProbing.has(address));
            expect(change.forMs).toBeGreaterThanOrEqual(100);
            expect(change.forMs).toBeLessThanOrEqual(1_000);
            out.add(address);
          }
          probing.delete(address);
        }
        expect(changes.length - before).toBeLessThanOrEqual(1);
        expect(out.size).toBeLessThanOrEqual(mostOut(addresses.length, maxShare));
        const inside = addresses.filter((each) => !out.has(each));
        expect(health.arrange(addresses)).toEqual([...inside, ...addresses.filter((each) => out.has(each))]);
      }
    }),
  );
});

describe('an address that fails its health checks', () => {
  test('is tried last, gets no probes, and returns as it was', () => {
    const { clock, health, of, fail } = watch(['a', 'b', 'c'], { maxShare: 1 });
    expect(health.avoid(['a'])).toEqual(['a']);
    expect(health.arrange(['a', 'b', 'c'])).toEqual(['b', 'c', 'a']);
    expect(health.out).toBe(1);
    expect(of('a').answered(200)).toBe(false);
    // Ejected as well: only its checks count now.
    fail('a', 3);
    clock.now = 10_000;
    expect(health.probeAt).toBe(Number.POSITIVE_INFINITY);
    expect(health.takeProbe(true)).toBeUndefined();
    expect(health.avoid([])).toEqual([]);
    expect(health.probeAt).toBeLessThan(clock.now);
    expect(health.takeProbe(true)).toBe('a');
    of('a').answered(200);
    expect(health.arrange(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
  });

  test('counts among those that are out: the last one left is not ejected', () => {
    const { changes, health, fail } = watch(['a', 'b'], { maxShare: 1 });
    health.avoid(['a']);
    fail('b', 10);
    expect(changes).toEqual([]);
    expect(health.arrange(['a', 'b'])).toEqual(['b', 'a']);
  });

  test('one that the name gets later is avoided, too; one that was avoided before is not new', () => {
    const { health } = watch(['a', 'b']);
    expect(health.avoid(['c'])).toEqual(['c']);
    expect(health.avoid(['c', 'a'])).toEqual(['a']);
    expect(health.arrange(['c', 'a', 'b'])).toEqual(['b', 'c', 'a']);
  });
});
