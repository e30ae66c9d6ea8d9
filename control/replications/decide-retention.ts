/**
 * Whether a slot may keep its WAL. A stream that cannot continue keeps it until the disk of the source is full, and the
 * monolith stops: at the bound the slot goes instead, and the slice is copied again.
 */

export type Retention =
  | { readonly kind: 'within' }
  /** Half of the bound is used, or more. */
  | { readonly kind: 'high'; readonly percent: number }
  /** More than the bound, but its reader moves, or has not been watched for long enough. */
  | { readonly kind: 'spared'; readonly percent: number }
  | { readonly kind: 'exceeded' };

/**
 * @param boundBytes undefined without a bound
 * @param mayMove the slot's reader moves, or has not been watched for long enough to say that it does not
 */
export function decideRetention(
  retainedBytes: number,
  boundBytes: number | undefined,
  mayMove: boolean,
): Retention {
  if (boundBytes === undefined) return { kind: 'within' };
  const percent = Math.floor((100 * retainedBytes) / boundBytes);
  if (retainedBytes > boundBytes) return mayMove ? { kind: 'spared', percent } : { kind: 'exceeded' };
  return percent >= 50 ? { kind: 'high', percent } : { kind: 'within' };
}
