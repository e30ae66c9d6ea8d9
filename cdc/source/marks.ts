/**
 * Logical messages that Ficus writes into the WAL (pg_logical_emit_message). All are transactional: they arrive in
 * commit order, and their commit flushes the WAL, so that they arrive at once.
 */

/**
 * First statement of each apply transaction; its content is the slice. The reverse stream leaves such transactions out.
 */
export const APPLY_PREFIX = 'ficus.apply';
export const HEARTBEAT_PREFIX = 'ficus.heartbeat';
/** Low and high marks of the first copy's chunks. */
export const COPY_PREFIX = 'ficus.copy';

export type Mark =
  | {
      readonly kind: 'heartbeat';
      readonly stream: string;
      readonly emitter: string;
      readonly emittedAtMs: number;
    }
  | { readonly kind: 'low'; readonly stream: string; readonly chunk: string }
  /** `snapshot` is pg_current_snapshot() of the transaction that read the chunk. */
  | { readonly kind: 'high'; readonly stream: string; readonly chunk: string; readonly snapshot: string };

export function formatMark(mark: Mark): string {
  return JSON.stringify(mark);
}

/** Undefined when the message is not one of ours. */
export function parseMark(content: string): Mark | undefined {
  try {
    const mark = JSON.parse(content) as Mark;
    return typeof mark === 'object' && mark !== null && typeof mark.stream === 'string' ? mark : undefined;
  } catch {
    return undefined;
  }
}
