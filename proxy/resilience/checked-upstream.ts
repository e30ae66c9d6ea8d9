/** What health checks found out about an upstream. Made by the primary, applied by each worker. */
export interface CheckedUpstream {
  /** In metrics and logs. */
  readonly name: string;
  /** All its addresses fail their checks. */
  readonly unhealthy: boolean;
  /** Addresses that fail while others do not; none where all fail, for one of them must be used. */
  readonly avoid: readonly string[];
}
