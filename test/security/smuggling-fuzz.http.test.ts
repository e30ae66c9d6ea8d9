/**
 * Smuggling by random damage: damaged requests that hide another one, through the whole proxy. The reference reader
 * says which requests the client's bytes contain; the upstream may see the first few of these and no other, and
 * everything that it sees must be unambiguous. FICUS_FUZZ_SEED=N tries others; a failure prints its seed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIRST_SEED } from './fuzz/first-seed.ts';
import { makeRequests } from './fuzz/mutate-request.ts';
import { seededRandom } from './fuzz/mutate-response.ts';
import { type ReadRequest, readRequest } from './reference-reader.ts';
import { ok, startWireRig, type WireRig } from './wire-rig.ts';

const LANES = 16;
const SAMPLES = 240;

let lanes: WireRig[];
beforeAll(async () => {
  const timeouts = { headersMs: 60, requestMs: 60, keepAliveMs: 50, drainMs: 100 };
  const started = Array.from({ length: LANES }, () => startWireRig({ proxy: { timeouts } }));
  lanes = await Promise.all(started);
});
afterAll(() => Promise.all(lanes.map((lane) => lane.close())));

/** What distinguishes one request from another. */
const essence = ({ line, body }: ReadRequest) => JSON.stringify([line.replace(/ HTTP\/1\.[01]$/, ''), body]);

/**
 * The requests that bytes contain, up to the first unreadable part. Two things are allowed to clients that no upstream
 * sees: line breaks before a request (RFC 9112 section 2.2), and several spaces in its first line (section 3).
 */
function requestsIn(bytes: string): string[] {
  const found: string[] = [];
  const tidy = (text: string): string =>
    text.replace(/^[\r\n]+/, '').replace(/^([A-Z-]+) +(\S+) +(HTTP\/1\.[01]\r\n)/, '$1 $2 $3');
  for (let rest = tidy(bytes); rest !== ''; ) {
    const reading = readRequest(rest);
    if (reading.kind !== 'complete') break;
    found.push(essence(reading.message));
    rest = tidy(rest.slice(reading.message.raw.length));
  }
  return found;
}

/** @param before the lane's sample before this one, which may still be arriving at the upstream */
async function check(lane: WireRig, seed: number, before: number): Promise<void> {
  const bytes = makeRequests(seededRandom(seed), `${seed}`);
  lane.forget();
  lane.legacy.script = () => ok('answered');
  const client = await lane.client(bytes);
  // A complete request is answered, an incomplete one ends by its timeout, and then the connection is idle for too
  // long.
  await client.untilEnd();
  client.close();
  const facts = { seed, bytes };
  expect({ ...facts, nonsense: lane.legacy.nonsense }).toEqual({ ...facts, nonsense: [] });
  const seen = lane.legacy.requests.filter(({ raw }) => !raw.includes(`/${before}`)).map(essence);
  expect({ ...facts, seen }).toEqual({ ...facts, seen: requestsIn(bytes).slice(0, seen.length) });
}

test('no damage lets a hidden request out', { timeout: 120_000 }, async () => {
  let next = FIRST_SEED;
  await Promise.all(
    lanes.map(async (lane) => {
      for (let before = 0; next < FIRST_SEED + SAMPLES; ) {
        const seed = next;
        next += 1;
        await check(lane, seed, before);
        before = seed;
      }
    }),
  );
});
