/**
 * Step one of a comparison: both sides hash their rows of a range into buckets by key; buckets that differ are opened
 * and their keys compared. Returns suspects: keys whose rows differ at this moment, possibly only because of the
 * stream's lag.
 */
import type pg from 'pg';
import type { KeyRange } from './key-range.ts';
import type { Bucket, HashOptions, KeyTexts, RowEntry, TableSides } from './side-reader.ts';

export interface RangeComparison {
  readonly rowsSource: number;
  readonly rowsTarget: number;
  readonly suspects: readonly KeyTexts[];
  /** More suspects than the limit: the rest was ignored, and the counts are a lower bound. */
  readonly gaveUp: boolean;
}

/** One snapshot on each side; the target's is taken when the stream has passed the source's. */
interface Snapshots {
  readonly source: pg.ClientBase;
  /** Resolves once the stream allows the target's snapshot and it is taken. */
  readonly target: Promise<pg.ClientBase>;
}

interface RangeOptions extends HashOptions {
  readonly maxSuspects: number;
}

export async function compareRange(
  sides: TableSides,
  range: KeyRange,
  snapshots: Snapshots,
  options: RangeOptions,
): Promise<RangeComparison> {
  const [onSource, onTarget] = await Promise.all([
    sides.source.buckets(snapshots.source, range, options),
    snapshots.target.then((client) => sides.target.buckets(client, range, options)),
  ]);
  const counted = { rowsSource: countRows(onSource), rowsTarget: countRows(onTarget) };
  const differing = differingBuckets(onSource, onTarget);
  const suspects: KeyTexts[] = [];
  // A few buckets at a time: memory stays bounded even when every row differs.
  for (const group of groupByRows(differing, 50_000)) {
    const [source, target] = await Promise.all([
      sides.source.entries(snapshots.source, range, group, options),
      sides.target.entries(await snapshots.target, range, group, options),
    ]);
    suspects.push(...compareEntries(source, target));
    if (suspects.length > options.maxSuspects)
      return { ...counted, suspects: suspects.slice(0, options.maxSuspects), gaveUp: true };
  }
  return { ...counted, suspects, gaveUp: false };
}

interface DifferingBucket {
  readonly bucket: number;
  readonly rows: number;
}

/** Buckets whose counts or sums differ. */
export function differingBuckets(source: readonly Bucket[], target: readonly Bucket[]): DifferingBucket[] {
  const theirs = new Map(target.map((entry) => [entry.bucket, entry]));
  const differing: DifferingBucket[] = [];
  for (const ours of source) {
    const other = theirs.get(ours.bucket);
    theirs.delete(ours.bucket);
    if (other?.rows === ours.rows && other.sum === ours.sum) continue;
    differing.push({ bucket: ours.bucket, rows: ours.rows + (other?.rows ?? 0) });
  }
  for (const { bucket, rows } of theirs.values()) differing.push({ bucket, rows });
  return differing;
}

function groupByRows(buckets: readonly DifferingBucket[], most: number): number[][] {
  const groups: number[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const entry of buckets) {
    if (rows + entry.rows > most) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)?.push(entry.bucket);
    rows += entry.rows;
  }
  return groups;
}

/** Keys whose rows differ between the sides, as multisets. */
export function compareEntries(source: readonly RowEntry[], target: readonly RowEntry[]): KeyTexts[] {
  const balance = new Map<string, { key: KeyTexts; count: number }>();
  const add = (entries: readonly RowEntry[], by: number) => {
    for (const { key, hash } of entries) {
      const id = JSON.stringify([key, hash]);
      const known = balance.get(id);
      if (known) known.count += by;
      else balance.set(id, { key, count: by });
    }
  };
  add(source, 1);
  add(target, -1);
  const keys = new Map<string, KeyTexts>();
  for (const { key, count } of balance.values()) if (count !== 0) keys.set(JSON.stringify(key), key);
  return [...keys.values()];
}

function countRows(buckets: readonly Bucket[]): number {
  return buckets.reduce((sum, entry) => sum + entry.rows, 0);
}
