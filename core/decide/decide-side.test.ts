import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecideFacts, decideSide } from './decide-side.ts';

const quiet: DecideFacts = {
  kind: 'read',
  hasTables: true,
  owner: 'legacy',
  serveEnabled: false,
  shadowEnabled: false,
  uncertain: false,
  pinned: false,
  forced: undefined,
  candidateAvailable: true,
  candidateUnhealthy: false,
};

const side = fc.constantFrom('legacy' as const, 'candidate' as const);
const anyFacts: fc.Arbitrary<DecideFacts> = fc.record({
  kind: fc.constantFrom('read' as const, 'write' as const),
  hasTables: fc.boolean(),
  owner: side,
  serveEnabled: fc.boolean(),
  shadowEnabled: fc.boolean(),
  uncertain: fc.boolean(),
  pinned: fc.boolean(),
  forced: fc.option(side, { nil: undefined }),
  candidateAvailable: fc.boolean(),
  candidateUnhealthy: fc.boolean(),
  lacks: fc.constantFrom(undefined, null, 'rows' as const, 'changes' as const),
});

describe('decideSide', () => {
  test('with nothing switched on, the legacy serves', () => {
    expect(decideSide(quiet)).toEqual({ serve: 'legacy', shadow: undefined, reason: 'serve-flag-off' });
  });

  test('the serve flag moves a read, and the shadow goes to the other side', () => {
    expect(decideSide({ ...quiet, serveEnabled: true, shadowEnabled: true })).toEqual({
      serve: 'candidate',
      shadow: 'legacy',
      reason: 'serve-flag-on',
    });
  });

  test('a side that lacks data serves no read and is compared with nothing, whichever owns the slice', () => {
    const lacking = { ...quiet, serveEnabled: true, shadowEnabled: true };
    const decided = (facts: Partial<DecideFacts>) => decideSide({ ...lacking, ...facts });
    const kept = { serve: 'legacy', shadow: undefined };
    expect(decided({ lacks: 'rows' })).toEqual({ ...kept, reason: 'copy-incomplete' });
    expect(decided({ lacks: 'changes' })).toEqual({ ...kept, reason: 'stream-stopped' });
    expect(decided({ lacks: null })).toMatchObject({ serve: 'candidate', reason: 'serve-flag-on' });
    expect(decided({ lacks: 'changes', serveEnabled: false })).toEqual({ ...kept, reason: 'serve-flag-off' });
    const back = decided({ lacks: 'changes', owner: 'candidate', serveEnabled: false });
    expect(back).toEqual({ serve: 'candidate', shadow: undefined, reason: 'stream-stopped' });
  });

  test('a legacy that lacks data is no place for unknown callers, nor while the candidate is unhealthy', () => {
    const moved = { ...quiet, owner: 'candidate', lacks: 'changes', serveEnabled: true } as const;
    const kept = { serve: 'candidate', shadow: undefined, reason: 'stream-stopped' };
    expect(decideSide({ ...moved, uncertain: true })).toEqual(kept);
    expect(decideSide({ ...moved, candidateUnhealthy: true })).toEqual(kept);
    expect(decideSide({ ...moved, candidateAvailable: false })).toEqual(kept);
    expect(decideSide({ ...moved, forced: 'legacy' })).toMatchObject({ serve: 'legacy', reason: 'forced' });
  });

  test('a tester sees the side that lacks data', () => {
    const forced = { ...quiet, lacks: 'rows', forced: 'candidate' } as const;
    expect(decideSide(forced)).toMatchObject({ serve: 'candidate', reason: 'forced' });
  });

  test('without tables the serve flag moves writes as well', () => {
    expect(decideSide({ ...quiet, kind: 'write', hasTables: false, serveEnabled: true }).serve).toBe(
      'candidate',
    );
  });

  test('a preflight goes where its request goes, is never copied, and counts for no share', () => {
    const preflight = { ...quiet, preflight: true, shadowEnabled: true };
    const decided = (facts: Partial<DecideFacts>) => decideSide({ ...preflight, ...facts });
    expect(decided({})).toEqual({ serve: 'legacy', shadow: undefined, reason: 'preflight' });
    expect(decided({ serveEnabled: true })).toMatchObject({ serve: 'candidate', reason: 'preflight' });
    expect(decided({ kind: 'write', owner: 'candidate' })).toMatchObject({ serve: 'candidate' });
    expect(decided({ kind: 'write', serveEnabled: true })).toMatchObject({ serve: 'legacy' });
    const unhealthy = { serveEnabled: true, candidateAvailable: false };
    expect(decided(unhealthy)).toMatchObject({ serve: 'legacy', reason: 'breaker-open' });
  });

  test('an open breaker sends reads back to the legacy', () => {
    expect(decideSide({ ...quiet, serveEnabled: true, candidateAvailable: false })).toEqual({
      serve: 'legacy',
      shadow: undefined,
      reason: 'breaker-open',
    });
  });

  test('a candidate that fails its health checks gets nothing that the flag would send there', () => {
    const unhealthy = { ...quiet, serveEnabled: true, candidateUnhealthy: true };
    const moved = { serve: 'legacy', shadow: undefined, reason: 'candidate-unhealthy' };
    expect(decideSide(unhealthy)).toEqual(moved);
    expect(decideSide({ ...unhealthy, kind: 'write', hasTables: false })).toEqual(moved);
    expect(decideSide({ ...unhealthy, candidateAvailable: false })).toEqual(moved);
    expect(decideSide({ ...unhealthy, serveEnabled: false }).reason).toBe('serve-flag-off');
  });

  test('its own writes, those who wrote them and testers still reach it', () => {
    const unhealthy = { ...quiet, serveEnabled: true, candidateUnhealthy: true };
    const served = (facts: Partial<DecideFacts>) => decideSide({ ...unhealthy, ...facts });
    const owner = 'candidate';
    expect(served({ kind: 'write', owner })).toMatchObject({ serve: owner, reason: 'owner-writes' });
    expect(served({ pinned: true, owner })).toMatchObject({ serve: owner, reason: 'pinned' });
    expect(served({ forced: 'candidate' })).toMatchObject({ serve: 'candidate', reason: 'forced' });
  });

  test('writes of a slice with tables always go to the owner', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        fc.pre(facts.kind === 'write' && facts.hasTables);
        expect(decideSide(facts).serve).toBe(facts.owner);
      }),
    );
  });

  test('a pinned user reads from the owner unless a tester forces a side', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        fc.pre(facts.kind === 'read' && facts.pinned && !facts.forced && !facts.uncertain);
        expect(decideSide(facts).serve).toBe(facts.owner);
      }),
    );
  });

  test('a caller who cannot be identified just now never reaches the candidate, nor does a copy, unless it alone has the data', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        fc.pre(facts.kind === 'read' || !facts.hasTables);
        fc.pre(facts.owner === 'legacy' || !facts.lacks);
        expect(decideSide({ ...facts, uncertain: true })).toEqual({
          serve: 'legacy',
          shadow: undefined,
          reason: 'caller-unknown',
        });
      }),
    );
  });

  test('a copy never goes to the serving side, is never a write, and never reaches an unhealthy candidate', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { serve, shadow } = decideSide(facts);
        if (shadow === undefined) return;
        expect(shadow).not.toBe(serve);
        expect(facts.kind).toBe('read');
        expect(facts).toMatchObject({ candidateAvailable: true, candidateUnhealthy: false });
      }),
    );
  });
});
