/**
 * Compares two bodies: JSON by structure, everything else by its bytes. Compressed bodies are compared decompressed, so
 * that a different compressor is no difference. Equal bytes are never decompressed or parsed.
 */
import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { compareJson } from './compare-json.ts';
import type { DifferenceCollector } from './difference-collector.ts';
import { parseExactPair } from './exact-json.ts';
import { showBytes, showTexts } from './shown-values.ts';

export interface ComparedBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** A compressed body may not grow beyond this: a few kilobytes can decompress to gigabytes. */
const LONGEST_UNPACKED = 8 * 1024 * 1024;

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
  if (isJson(legacy.contentType) && isJson(candidate.contentType) && compareAsJson(left, right, found))
    return;
  const asText = isText(legacy.contentType) && isText(candidate.contentType);
  const place = { area: 'body' } as const;
  found.add(place, (kept) =>
    asText ? showTexts(kept, place, textOf(left), textOf(right)) : showBytes(kept, left, right),
  );
  return;
}

/** False when one of the two is not JSON in UTF-8 that can be read and walked: then their bytes decide. */
function compareAsJson(legacy: Uint8Array, candidate: Uint8Array, found: DifferenceCollector): boolean {
  // In another encoding (Latin-1, say) different characters would decode to the same replacement character.
  if (!isUtf8(legacy) || !isUtf8(candidate)) return false;
  const documents = parseExactPair(
    Buffer.from(legacy).toString('utf8'),
    Buffer.from(candidate).toString('utf8'),
  );
  if (documents === undefined) return false;
  try {
    compareJson(...documents, found);
    return true;
  } catch (error) {
    // Nested deeper than the stack: no real API does that, but a hostile answer must not stop the comparisons.
    if (error instanceof RangeError) return false;
    throw error;
  }
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
