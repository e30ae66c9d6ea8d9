/**
 * What names of a slice's replication slots and publications begin with, in both of its databases (cdc/source/stream-names.ts).
 * Two slices must not share one: what is made or removed for the one would be the other's. The config refuses those that do.
 */

/** So that name, direction and suffix fit into the 63 bytes that PostgreSQL allows. */
const LONGEST = 36;

export type StreamDirection = 'forward' | 'reverse';

export function streamWord(slice: string, direction: StreamDirection): string {
  const word = slice
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '_')
    .slice(0, LONGEST);
  return direction === 'forward' ? `ficus_${word}` : `ficus_${word}_back`;
}
