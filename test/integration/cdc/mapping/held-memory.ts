/** Memory of buffers that are still referenced: what waits to be collected does not count. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export function heldBufferBytes(): number {
  collect();
  // What the first found is freed by a thread of its own, late on busy cores; the second waits for that.
  collect();
  return process.memoryUsage().arrayBuffers;
}
