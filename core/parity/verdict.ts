import { type Word, wordsOf } from '../words/word.ts';

/** The result of one comparison; "nothing was compared" is never a match. */
export type Verdict =
  | { readonly kind: 'match' }
  | {
      readonly kind: 'mismatch';
      readonly differences: readonly Difference[];
      /** Rules that would have explained part of it, had they not expired. */
      readonly expiredRules?: readonly string[];
    }
  /** Explained by replication lag: once the stream had caught up, both sides agreed. */
  | { readonly kind: 'stale'; readonly differences: readonly Difference[] }
  /** Explained by named rules. */
  | { readonly kind: 'noise'; readonly rules: readonly string[] }
  | { readonly kind: 'inconclusive'; readonly reason: string }
  | { readonly kind: 'skipped'; readonly reason: string };

export type VerdictKind = Verdict['kind'];

export const verdictKinds = {
  match: { means: 'Both sides answered the same.', action: '' },
  noise: { means: 'The answers differ only where reviewed rules (`parity.ignore`) explain it.', action: '' },
  mismatch: {
    means: 'The answers differ, and nothing explains it.',
    action: '`ficus status SLICE` shows where, and how to ask both sides again.',
  },
  stale: {
    means: 'The answers differed until the stream had caught up, then they agreed: replication lag.',
    action: '',
  },
  inconclusive: {
    means: 'The comparison is inconclusive; the reason is named.',
    action: 'See the reason.',
  },
  skipped: { means: 'It was not compared; the reason is named.', action: 'See the reason.' },
} as const satisfies Record<VerdictKind, Word>;

export const VERDICT_KINDS = wordsOf<VerdictKind>(verdictKinds);

/**
 * One place where two responses differ. `path` is `status`, `header.NAME`, `body` or a JSON path
 * (`$.items[0].id`).
 */
export interface Difference {
  readonly path: string;
  readonly legacy: string;
  readonly candidate: string;
}
