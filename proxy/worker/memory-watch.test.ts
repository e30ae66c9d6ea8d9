/** The watch of a worker that has no file descriptor left: it must neither fail nor stop watching. */
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryWatch } from './memory-watch.ts';

const LIMIT_BYTES = 1_073_741_824;

let watch: MemoryWatch;

beforeEach(() => {
  vi.useFakeTimers();
  watch = new MemoryWatch(pino({ level: 'silent' }), () => LIMIT_BYTES);
  watch.start();
});
afterEach(() => {
  watch.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const HELD_BYTES = 67_108_864;
/** Buffers of other tests may be collected in between. */
const NOISE_BYTES = HELD_BYTES / 2;

test('buffers are still counted when the resident size cannot be read', () => {
  vi.advanceTimersByTime(100);
  const before = watch.bufferedBytes;
  vi.spyOn(process, 'memoryUsage').mockImplementation(() => {
    throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' });
  });
  const held = Buffer.alloc(HELD_BYTES, 1);
  vi.advanceTimersByTime(100);
  expect(Math.abs(watch.bufferedBytes - before - held.length)).toBeLessThan(NOISE_BYTES);
});
