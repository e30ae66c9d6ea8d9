/** What a client saw of a read; times as in a write's record. */
export interface ReadRecord {
  readonly dueAt: number;
  readonly endedAt: number;
  /** Empty for an answer of 200. */
  readonly failure: string;
  /** Whether the user's own last acknowledged write was there; `unchecked` before their first one. */
  readonly ownWrite: 'seen' | 'stale' | 'unchecked';
}
