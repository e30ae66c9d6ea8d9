import { formatDuration } from '@ficus/core';

/** A duration that may be short: `3.4 ms`, `43 ms`, `1.25 s`, `12 min`. */
export function formatMs(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(2)} s` : formatDuration(ms);
}
