/** The watch of a worker: it reads a file once a second, sheds within 100 ms, and goes without a descriptor. */
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryWatch } from './memory-watch.ts';

const LIMIT_BYTES = 1_073_741_824;

let watch: MemoryWatch;
let limitBytes: number;

beforeEach(() => {
  vi.useFakeTimers();
  limitBytes = LIMIT_BYTES;
  watch = new MemoryWatch(pino({ level: 'silent' }), () => limitBytes);
  watch.start();
});
afterEach(() => {
  watch.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const HELD_BYTES = 67_108_864;
/** Other buffers of the process may be collected in between. */
const NOISE_BYTES = HELD_BYTES / 2;
/** Until the end of the file, so that no test sees those of another collected. */
const held: Buffer[] = [];

test('buffers are still counted when the resident size cannot be read', () => {
  vi.advanceTimersByTime(100);
  const before = watch.bufferedBytes;
  vi.spyOn(process, 'memoryUsage').mockImplementation(() => {
    throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' });
  });
  held.push(Buffer.alloc(HELD_BYTES, 1));
  vi.advanceTimersByTime(100);
  expect(Math.abs(watch.bufferedBytes - before - HELD_BYTES)).toBeLessThan(NOISE_BYTES);
});

test('the file with the resident size is read once a second', () => {
  const read = vi.spyOn(process, 'memoryUsage');
  vi.advanceTimersByTime(5_000);
  expect(read).toHaveBeenCalledTimes(5);
});

test('buffers over the limit are noticed by the next check, and again when they are below it', () => {
  vi.advanceTimersByTime(100);
  limitBytes = watch.bufferedBytes + NOISE_BYTES;
  held.push(Buffer.alloc(HELD_BYTES, 1));
  vi.advanceTimersByTime(100);
  expect(watch.shedding).toBe(true);
  limitBytes += HELD_BYTES;
  vi.advanceTimersByTime(100);
  expect(watch.shedding).toBe(false);
});
