/**
 * Named places at which a test may kill or stop the engine. Outside tests every call is one comparison with undefined.
 * `FICUS_FAILPOINT=name:count` kills the process (SIGKILL) when the name is reached for the count-th time.
 */
export const FAILPOINTS = [
  'slot-created',
  'checkpoint-created',
  'chunk-read',
  'before-chunk-write',
  'after-chunk-write',
  'before-settle',
  'after-commit',
  'before-acknowledge',
] as const;

/** `whole-copied`: a table without a key is on the target, uncommitted; the kill loop's tables have keys. */
export type Failpoint = (typeof FAILPOINTS)[number] | 'whole-copied';

let trap: ((name: Failpoint) => Promise<void> | undefined) | undefined = fromEnvironment();

/** Tests within the process set a handler here; undefined removes it. */
export function setFailpointTrap(handler: typeof trap): void {
  trap = handler;
}

/** Call when the named place is reached. */
export function reach(name: Failpoint): Promise<void> | undefined {
  return trap?.(name);
}

function fromEnvironment(): typeof trap {
  const wanted = process.env.FICUS_FAILPOINT;
  if (!wanted) return undefined;
  const [name, count] = wanted.split(':');
  let left = Number(count ?? 1);
  return (reached) => {
    if (reached === name && --left === 0) process.kill(process.pid, 'SIGKILL');
    return undefined;
  };
}
