/** What a write takes of the memory while it waits at the gate: an upper bound, so that it is counted once. */
import type { IncomingMessage } from 'node:http';
import type { InspectedHead } from '../accept/inspected-head.ts';

/** Node stops reading a body that is not consumed at 64 KiB, by pieces of the same size. */
const MOST_READ = 2 * 65_536;

export function heldBytes({ rawHeaders }: IncomingMessage, head: InspectedHead): number {
  let bytes = head.target.length;
  for (const text of rawHeaders) bytes += text.length;
  if (!head.hasBody) return bytes;
  return bytes + Math.min(MOST_READ, Number(head.contentLength ?? MOST_READ));
}
