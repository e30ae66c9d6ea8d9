/** The watch of a worker: it reads a file once a second, sheds within 100 ms, and goes without a descriptor. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryWatch } from './memory-watch.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const LIMIT_BYTES = 1_073_741_824;

let watch: MemoryWatch;
let limitBytes: number;

beforeEach(() => {
  // Files of this process share a heap: what others left would be freed between two readings. A background thread frees what
  // the first collection found; the second waits for that.
  collect();
  collect();
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
/** Small buffers of the process come and go in between. */
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
