/**
 * Flags in the format of Unleash's client API (GET /api/client/features), as far as Ficus writes it.
 * `unleash-client` evaluates them in every mode; nothing here evaluates anything.
 */
export interface ClientFeatures {
  readonly version: number;
  readonly features: readonly ClientFeature[];
  readonly segments?: readonly unknown[];
}

export interface ClientFeature {
  readonly name: string;
  readonly type?: string;
  readonly enabled: boolean;
  readonly stale?: boolean;
  readonly impressionData?: boolean;
  readonly strategies: readonly ClientStrategy[];
  readonly variants?: readonly unknown[];
}

export interface ClientStrategy {
  readonly name: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly constraints?: readonly unknown[];
  readonly segments?: readonly number[];
}

/** `serve` moves a slice's reads, `shadow` copies its requests. */
export const FLAG_KINDS = ['serve', 'shadow'] as const;
export type FlagKind = (typeof FLAG_KINDS)[number];

/** Name of a slice's flag, wherever flags are kept. */
export const flagName = (slice: string, kind: FlagKind): string => `${slice}.${kind}`;

/**
 * A percentage as an Unleash flag: a flexible rollout, sticky by user. The group is the slice, so that the same users
 * are shadowed first and served first, and raising the percentage never moves a user back.
 * @param percent whole number from 0 to 100
 */
export function percentFlag(name: string, groupId: string, percent: number): ClientFeature {
  return {
    name,
    type: 'release',
    enabled: percent > 0,
    stale: false,
    impressionData: false,
    strategies: [
      {
        name: 'flexibleRollout',
        parameters: { rollout: String(percent), stickiness: 'userId', groupId },
        constraints: [],
      },
    ],
    variants: [],
  };
}

/**
 * The share that a flag sets, 0–100, in whole percents: the greatest rollout among its strategies. `undefined` when the flag is on through
 * strategies that have no percentage (a cohort, a segment).
 */
export function flagPercent(feature: ClientFeature | undefined): number | undefined {
  if (!feature?.enabled) return 0;
  // A file, or a server of another version, may leave them out.
  const strategies = feature.strategies ?? [];
  if (strategies.length === 0) return 100;
  const shares = strategies.map(strategyPercent);
  const known = shares.filter((share) => share !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function strategyPercent(strategy: ClientStrategy): number | undefined {
  const narrowed = (strategy.constraints?.length ?? 0) + (strategy.segments?.length ?? 0) > 0;
  if (narrowed) return undefined;
  if (strategy.name === 'default') return 100;
  const rollout = strategy.parameters?.rollout ?? strategy.parameters?.percentage;
  return rollout === undefined ? undefined : movedBy(Number(rollout));
}

/**
 * The share that a rollout moves: Unleash's clients place each user in one of 100 parts and compare part ≤ rollout
 * (unleash-client, flexible-rollout-strategy.js), so 0.5 moves no user and 1.5 as many as 1.
 */
function movedBy(rollout: number): number {
  return Number.isNaN(rollout) ? 0 : Math.min(100, Math.max(0, Math.floor(rollout)));
}
