/**
 * Some thousand damaged responses, the same in each run. FICUS_FUZZ_SEED=N tries others; a failure prints its seed.
 * `node test/security/fuzz-response-parser.ts` runs for longer.
 */
import { describe, expect, it, test } from 'vitest';
import { findFault, parse } from './fuzz/check-parser.ts';
import { FIRST_SEED } from './fuzz/first-seed.ts';
import { makeSample, type Random, seededRandom } from './fuzz/mutate-response.ts';
import { trySeed } from './fuzz-response-parser.ts';

/** Samples of a run: a few seconds. */
const SAMPLES = 2_500;

describe('the response parser', () => {
  it('reads damaged responses as the reference does, however they are cut', { timeout: 120_000 }, () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SAMPLES; seed += 1) expect(trySeed(seed)).toBeUndefined();
  });

  it('covers everything: accepted, refused and unfinished ones', () => {
    const kinds = { complete: 0, refused: 0, incomplete: 0 };
    for (let seed = 1; seed <= 1_000; seed += 1) kinds[parse(makeSample(seededRandom(seed)), []).kind] += 1;
    for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(50);
  });

  // Past findings. The first bytes of a head behind an interim response made the rest of it unreadable; a LF for the empty
  // line was not noticed when it was the last byte of a read.
  test.each([3, 23, 47, 77, 169, 51_965_005])('seed %i', (seed) => {
    expect(trySeed(seed)).toBeUndefined();
  });

  it('reads a head behind an interim response, wherever it is cut', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(parse({ method: 'GET', text }, [cut])).toMatchObject({
        kind: 'complete',
        interims: 1,
        body: 'ok',
      });
    }
  });

  it('would be caught: the checks see a response that the reference refuses', () => {
    const never: Random = () => 0;
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    expect(findFault({ method: 'GET', text }, never)).toBeUndefined();
    expect(parse({ method: 'GET', text: text.replace(': ', ' x: ') }, []).kind).toBe('refused');
  });
});
