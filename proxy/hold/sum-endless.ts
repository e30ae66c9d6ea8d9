/** Endless writes of several workers; pure. */
import type { EndlessWrites } from '@ficus/core';

/** @returns undefined when there are none */
export function sumEndless(workers: readonly (EndlessWrites | undefined)[]): EndlessWrites | undefined {
  const sum: Record<string, number> = {};
  for (const worker of workers) {
    for (const [route, count] of Object.entries(worker ?? {})) sum[route] = (sum[route] ?? 0) + count;
  }
  return Object.keys(sum).length === 0 ? undefined : sum;
}
