/**
 * The protocol of a cutover holds in every state that spin finds within the bounds; every statement of the model is
 * reached; and each mutant breaks the invariant that is named for it.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { CONFIGURATIONS, LONG_CONFIGURATIONS, MUTANTS } from './configurations.ts';
import { readModel } from './model-text.ts';
import { searchModel } from './spin.ts';
import { unreachedByAll } from './statements.ts';
import type { Verdict } from './verdict.ts';

const isLong = process.env.FICUS_MODEL_LONG === '1';
const configurations = isLong ? [...CONFIGURATIONS, ...LONG_CONFIGURATIONS] : CONFIGURATIONS;

const verdicts = new Map<string, Verdict>();

describe.concurrent('the protocol holds', () => {
  test.each(configurations)('$name', async ({ name, defines, ends, hashBits }) => {
    const verdict = await searchModel({ defines, forCycles: ends, hashBits });
    verdicts.set(name, verdict);
    expect(verdict).toMatchObject({ error: undefined, whole: true });
    expect(verdict.states).toBeGreaterThan(10_000);
  });
});

test('every statement is reached: each step, each crash in it, each way to abandon', () => {
  const searched = configurations.filter(({ ends }) => !ends);
  expect([...verdicts.keys()]).toEqual(expect.arrayContaining(searched.map(({ name }) => name)));
  const searches = searched.map(({ name, defines }) => ({
    defines,
    unreached: verdicts.get(name)!.unreached,
  }));
  expect(unreachedByAll(readModel(), searches)).toEqual([]);
});

describe.concurrent('each mutant breaks its invariant', () => {
  test.each(MUTANTS)('$name: $breaks', async ({ defines, breaks, endless }) => {
    const { error } = await searchModel({ defines, forCycles: endless, hashBits: 20, isSmall: true });
    expect(error).toBe(endless ? 'non-progress cycle' : `assertion violated ${breaks}`);
  });
});

/** For the table in test/model/README.md. */
afterAll(() => {
  for (const [name, { states, stateVector, seconds }] of verdicts)
    console.log(`${name}: ${states.toLocaleString('en')} states of ${stateVector} bytes, ${seconds} s`);
});
