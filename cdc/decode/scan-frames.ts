/**
 * Finds the frames in the bytes of a replication connection without decoding them: how far whole frames go, where the
 * last whole transaction ends, and what is no change at all (keepalives, errors). Scans every byte once, on arrival;
 * the changes themselves are decoded later, possibly in one go.
 */
import { messageAt } from './read-changes.ts';
import { readInt32 } from './tuple.ts';

export interface FrameListener {
  /** Keepalive: end of what the server has sent, and whether it wants an immediate reply. */
  keepalive(walEnd: bigint, replyRequested: boolean): void;
  /** Any other message of the protocol: `W` (stream begins), `E` (error), `c` and `C` (stream ended), `N`, `S`, `Z`. */
  control(type: string, body: Buffer): void;
}

export interface ScanState {
  /** End of the last whole frame. */
  scanned: number;
  /** End of the last commit's frame, −1 when the buffer has none. */
  boundary: number;
}

export function scanFrames(bytes: Buffer, length: number, state: ScanState, listener: FrameListener): void {
  let at = state.scanned;
  while (at + 5 <= length) {
    const next = at + 1 + readInt32(bytes, at + 1);
    if (next > length) break;
    if (bytes[at] !== 0x64) listener.control(String.fromCharCode(bytes[at]!), bytes.subarray(at + 5, next));
    else if (bytes[at + 5] === 0x6b) listener.keepalive(bytes.readBigUInt64BE(at + 6), bytes[at + 22] === 1);
    else {
      const message = messageAt(bytes, at);
      if (message > 0 && bytes[message] === 0x43) state.boundary = next;
    }
    at = next;
  }
  state.scanned = at;
}

/** Where the frame at `at` will end, if its length has arrived; else 0. */
export function frameEnd(bytes: Buffer, length: number, at: number): number {
  return at + 5 <= length ? at + 1 + readInt32(bytes, at + 1) : 0;
}
