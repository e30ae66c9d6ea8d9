/**
 * Compares two bodies: JSON by structure, everything else by its bytes. Compressed bodies are compared decompressed, so
 * that a different compressor is no difference. Equal bytes are never decompressed or parsed.
 *
 * It runs in the control plane's only thread, which also moves rows and answers health checks: whatever two upstreams
 * answer, it may take some tens of milliseconds. JSON beyond that is compared by its bytes alone, and where these differ
 * the answer is not known: members may stand in another order.
 */
import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { compareJson } from './compare-json.ts';
import type { DifferenceCollector } from './difference-collector.ts';
import { parseExactPair } from './parse-exact-json.ts';
import { showBytes, showTexts } from './shown-values.ts';

export interface ComparedBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** A compressed body may not grow beyond this: a few kilobytes can decompress to gigabytes. */
const LONGEST_UNPACKED = 4 * 1024 * 1024;
/** Codings that are undone one after the other, each of which may yield as much. Real answers have one. */
const MOST_CODINGS = 2;
/** Longer bodies are not read, only compared byte by byte. */
const LONGEST_READ = 2 * 1024 * 1024;
/** What reading and comparing both documents may cost, in costs of their signs: one is up to 0.25 µs. */
const MOST_COST = 150_000;
/** By byte: a value ends in a comma or begins with a bracket; a member, with its name, costs more than an item. */
const COSTS = new Uint8Array(256);
for (const sign of Buffer.from(',[{')) COSTS[sign] = 1;
COSTS[':'.charCodeAt(0)] = 3;

/**
 * Adds the differences.
 * @returns a reason when the bodies could not be compared at all
 */
export function compareBodies(
  legacy: ComparedBody,
  candidate: ComparedBody,
  found: DifferenceCollector,
): string | undefined {
  if (sameBytes(legacy.bytes, candidate.bytes) && legacy.contentEncoding === candidate.contentEncoding)
    return;
  const [left, right] = [unpack(legacy), unpack(candidate)];
  if (!left || !right) {
    return `the ${left ? 'candidate' : 'legacy'}’s body could not be decompressed`;
  }
  if (sameBytes(left, right)) return;
  const place = { area: 'body' } as const;
  if (isJson(legacy.contentType) && isJson(candidate.contentType)) {
    const outcome = compareAsJson(left, right, found);
    if (outcome === 'compared') return;
    // A rule for the whole body explains whatever differs in it.
    if (outcome !== 'no-json') return found.isExplained(place) ? undefined : NOT_COMPARED[outcome];
  }
  const asText = isText(legacy.contentType) && isText(candidate.contentType);
  found.add(place, (kept) =>
    asText && isShort(left, right)
      ? showTexts(kept, place, textOf(left), textOf(right))
      : showBytes(kept, left, right),
  );
  return;
}

const NOT_COMPARED = {
  'too-large': 'the bodies differ and are too large to compare by value',
  'too-deep': 'the bodies differ and are nested too deep to compare by value',
  'too-many': 'more differences than can be checked against the rules',
};

/** `no-json` when one of the two is not JSON in UTF-8: then their bytes decide. */
function compareAsJson(
  legacy: Uint8Array,
  candidate: Uint8Array,
  found: DifferenceCollector,
): 'compared' | 'no-json' | keyof typeof NOT_COMPARED {
  // In another encoding (Latin-1, say) different characters would decode to the same replacement character.
  if (!isUtf8(legacy) || !isUtf8(candidate)) return 'no-json';
  if (!isShort(legacy, candidate) || costOf(legacy) + costOf(candidate) > MOST_COST) return 'too-large';
  try {
    const documents = parseExactPair(textOf(legacy), textOf(candidate));
    if (documents === undefined) return 'no-json';
    compareJson(...documents, found);
    return found.exhausted ? 'too-many' : 'compared';
  } catch (error) {
    // No real API does that, but a hostile answer must not stop the comparisons.
    if (error instanceof RangeError) return 'too-deep';
    throw error;
  }
}

function isShort(legacy: Uint8Array, candidate: Uint8Array): boolean {
  return legacy.length <= LONGEST_READ && candidate.length <= LONGEST_READ;
}

/** Signs inside strings count as well: leaving them out would cost more than it saves. */
function costOf(bytes: Uint8Array): number {
  let cost = 0;
  for (let at = 0; at < bytes.length; at++) cost += COSTS[bytes[at]!]!;
  return cost;
}

export function isJson(contentType: string): boolean {
  return /^\s*(application|text)\/([^;]+\+)?json\s*(;|$)/i.test(contentType);
}

function isText(contentType: string): boolean {
  return isJson(contentType) || /^\s*(text\/|application\/(xml|javascript|x-www-form))/i.test(contentType);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function unpack(body: ComparedBody): Uint8Array | undefined {
  const codings = body.contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MOST_CODINGS) return undefined;
  try {
    return codings.reduceRight<Uint8Array>((bytes, coding) => unpackOne(bytes, coding), body.bytes);
  } catch {
    return undefined;
  }
}

function unpackOne(bytes: Uint8Array, coding: string): Uint8Array {
  if (bytes.length === 0) return bytes; // an answer to HEAD has the coding and no body
  const bound = { maxOutputLength: LONGEST_UNPACKED };
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(bytes, bound);
    case 'deflate':
      return inflateSync(bytes, bound);
    case 'br':
      return brotliDecompressSync(bytes, bound);
    case 'zstd':
      return zstdDecompressSync(bytes, bound);
    default:
      throw new RangeError(`unknown content coding ${coding}`);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
