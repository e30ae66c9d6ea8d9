/** Lines of the log about flags of slices that have changed: one for each flag, wherever the change came from. */
import {
  type ClientFeature,
  type ClientFeatures,
  type FicusConfig,
  flagName,
  flagPercent,
} from '@ficus/core';
import type { Logger } from 'pino';

interface FlagChange {
  readonly slice: string;
  readonly flag: string;
  /** Percent; null for cohorts without one. */
  readonly from: number | null;
  readonly to: number | null;
}

/** @param before undefined when no flags were known: there is nothing to compare with */
export function logFlagChanges(
  { slices, flags: { provider } }: FicusConfig,
  before: ClientFeatures | undefined,
  after: ClientFeatures,
  logger: Pick<Logger, 'info'>,
): void {
  if (before === undefined) return;
  for (const change of flagChanges(Object.keys(slices), before, after)) {
    const isShare = change.from !== change.to;
    const text = isShare ? 'flag changed' : 'flag changed: not its share, but whom it includes';
    logger.info({ ...change, source: provider }, text);
  }
}

export function flagChanges(
  slices: readonly string[],
  before: ClientFeatures,
  after: ClientFeatures,
): FlagChange[] {
  const [old, now] = [byName(before), byName(after)];
  return slices.flatMap((slice) =>
    (['serve', 'shadow'] as const).flatMap((kind) => {
      const flag = flagName(slice, kind);
      const [was, is] = [old.get(flag), now.get(flag)];
      if (was === is || effectOf(was) === effectOf(is)) return [];
      return [{ slice, flag, from: flagPercent(was) ?? null, to: flagPercent(is) ?? null }];
    }),
  );
}

const byName = ({ features }: ClientFeatures): Map<string, ClientFeature> =>
  new Map(features.map((feature) => [feature.name, feature]));

/** What decides whom a flag includes; a server changes other fields of it, too. */
function effectOf(feature: ClientFeature | undefined): string {
  if (!feature?.enabled) return 'off';
  const { strategies, dependencies } = feature as ClientFeature & { dependencies?: unknown };
  return JSON.stringify([strategies, dependencies]);
}
