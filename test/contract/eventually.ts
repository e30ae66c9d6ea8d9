/** Waits until the expectation holds; patient, because a test machine may be busy with other tests. */
import { vi } from 'vitest';

export function eventually<T>(expectation: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(expectation, { timeout: 30_000, interval: 25 });
}
