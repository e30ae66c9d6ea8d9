/**
 * A batch's body, bounded before it is parsed: JSON of many small values takes a hundred times as long as bodies in
 * base64, and the control plane has one thread.
 */
import { FicusError } from '@ficus/core';

/** Two bodies of proxy.shadow.bodyBytes, at most 4 MiB each, in base64. */
export const LARGEST_BATCH = 16 * 1024 * 1024;
/** A proxy's batch of a megabyte has at most some 110,000. */
const MOST_VALUES = 250_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What stands before a value. */
const BEFORE_VALUE = new Uint8Array(256);
for (const sign of Buffer.from(',:[{')) BEFORE_VALUE[sign] = 1;

/** @throws FicusError FICUS_CONTROL_REQUEST_INVALID when it is too large; the stream's own error when it breaks off */
export async function readBatch(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > LARGEST_BATCH) throw tooLarge(`${LARGEST_BATCH} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws FicusError FICUS_CONTROL_REQUEST_INVALID when it has too many values, or is no JSON */
export function parseBatch(body: Buffer): unknown {
  if (hasMoreValues(body, MOST_VALUES)) throw tooLarge(`${MOST_VALUES} values`);
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch (error) {
    throw new FicusError('FICUS_CONTROL_REQUEST_INVALID', 'The batch is not valid JSON.', { cause: error });
  }
}

export const tooLarge = (most: string): FicusError =>
  new FicusError('FICUS_CONTROL_REQUEST_INVALID', `The batch has more than ${most}.`);

function hasMoreValues(body: Buffer, most: number): boolean {
  let values = 0;
  let isText = false;
  for (let at = 0; at < body.length && values <= most; at += 1) {
    const byte = body[at]!;
    if (byte === QUOTE) isText = !isText;
    else if (!isText) values += BEFORE_VALUE[byte]!;
    else if (byte === BACKSLASH) at += 1;
  }
  return values > most;
}
