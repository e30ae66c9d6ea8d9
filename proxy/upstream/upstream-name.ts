/** The names of upstreams in metrics, logs and health checks. A slice may have the legacy's name; none contains a slash. */
export const LEGACY = 'legacy';

export function candidateName(slice: string): string {
  return slice === LEGACY ? 'legacy/candidate' : slice;
}

/** The upstream that takes copies for another one. */
export function copiesName(upstream: string): string {
  return `${upstream}/copies`;
}
