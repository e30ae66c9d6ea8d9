/** The answer of one comparison; "nothing was compared" is never a match. */
export type Verdict =
  | { readonly kind: 'match' }
  | {
      readonly kind: 'mismatch';
      readonly differences: readonly Difference[];
      /** Rules that would have explained some of it, had they not expired. */
      readonly expiredRules?: readonly string[];
    }
  /** Explained by replication lag: once the stream had caught up, both sides agreed. */
  | { readonly kind: 'stale'; readonly differences: readonly Difference[] }
  /** Explained by named rules. */
  | { readonly kind: 'noise'; readonly rules: readonly string[] }
  | { readonly kind: 'inconclusive'; readonly reason: string }
  | { readonly kind: 'skipped'; readonly reason: string };

export type VerdictKind = Verdict['kind'];

/** One place where two responses differ. `path` is `status`, `header.NAME`, `body` or a JSON path (`$.items[0].id`). */
export interface Difference {
  readonly path: string;
  readonly legacy: string;
  readonly candidate: string;
}
