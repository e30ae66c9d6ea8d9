/**
 * Whether a slot may keep its WAL. A stream that cannot continue keeps it until the disk of the source is full, and the
 * monolith stops: at the bound the slot goes instead, and the slice is copied again.
 */

export type Retention =
  | { readonly kind: 'within' }
  /** Half of the bound is used, or more. */
  | { readonly kind: 'high'; readonly percent: number }
  | { readonly kind: 'exceeded' };

/** @param boundBytes undefined without a bound */
export function decideRetention(retainedBytes: number, boundBytes: number | undefined): Retention {
  if (boundBytes === undefined) return { kind: 'within' };
  if (retainedBytes > boundBytes) return { kind: 'exceeded' };
  const percent = Math.floor((100 * retainedBytes) / boundBytes);
  return percent >= 50 ? { kind: 'high', percent } : { kind: 'within' };
}
