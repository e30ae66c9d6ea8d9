/**
 * Named places at which a test may kill or stop the engine. Outside tests every call is one comparison with undefined:
 * only code can set a trap, no variable of the environment and no config.
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

let trap: ((name: Failpoint) => Promise<void> | undefined) | undefined;

/** Tests set a handler here; undefined removes it. */
export function setFailpointTrap(handler: typeof trap): void {
  trap = handler;
}

/** Call when the named place is reached. */
export function reach(name: Failpoint): Promise<void> | undefined {
  return trap?.(name);
}
