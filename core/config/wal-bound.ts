/** `legacy.maxRetainedWal`: a size in PostgreSQL's units, which are powers of 1024, or `unlimited`. */

const SIZE = /^(\d+(?:\.\d+)?)\s*(MB|GB|TB)$/;
const UNITS: Readonly<Record<string, number>> = { MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** For a server that sets no bound of its own. */
const DEFAULT_WAL_BOUND = '20GB';

export function isWalBound(text: string): boolean {
  return text === 'unlimited' || Number(SIZE.exec(text)?.[1]) > 0;
}

/**
 * In bytes; undefined without a bound.
 * @param configured as in the config
 * @param serverBound max_slot_wal_keep_size, as SHOW prints it: -1 is unlimited
 */
export function readWalBound(configured: string | undefined, serverBound: string): number | undefined {
  const [, size, unit = ''] = SIZE.exec(configured ?? (serverBound === '-1' ? DEFAULT_WAL_BOUND : '')) ?? [];
  return size === undefined ? undefined : Number(size) * (UNITS[unit] ?? 1);
}
