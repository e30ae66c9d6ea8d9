/** Memory of buffers that are still referenced: collectable memory does not count. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export function heldBufferBytes(): number {
  collect();
  // A background thread frees what the first collection found, late on busy cores; the second waits for that.
  collect();
  return process.memoryUsage().arrayBuffers;
}
