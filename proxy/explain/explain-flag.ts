/**
 * Why a flag is on or off for a caller: unleash-client evaluates each part of the flag alone. Nothing here evaluates
 * anything itself, so that the explanation and the decision cannot differ.
 */
import {
  type ClientFeature,
  type ClientFeatures,
  type ClientStrategy,
  type FlagCause,
  flagCauses,
  flagPercent,
} from '@ficus/core';
import type { Context } from 'unleash-client';
import { FlagEvaluator } from '../flags/flag-evaluator.ts';

export interface ExplainedStrategy {
  readonly name: string;
  readonly includes: boolean;
  /** The percentage that it sets; null for one without. */
  readonly share: number | null;
  /** The percentage from which on it includes this caller; null where it sets none, or the caller has none. */
  readonly bucket: number | null;
  /** `includes` is one draw: the share sticks to nothing that this caller brought. */
  readonly byChance: boolean;
  /** What the share sticks to: `userId`, `sessionId`, `default`, `random`, `anonymousBucket`. */
  readonly stickiness: string | null;
  /** Constraints and segments that leave the caller out, without their values: these may name users. */
  readonly unmet: readonly string[];
}

export interface ExplainedFlag {
  readonly name: string;
  readonly enabled: boolean;
  readonly cause: FlagCause;
  readonly means: string;
  /** What to do to move the caller; empty when there is nothing to do. */
  readonly action: string;
  /** The share that the flag sets; null for cohorts without one. */
  readonly percent: number | null;
  /** Percent of such callers whom the flag includes, where chance decides; else null, and `enabled` is certain. */
  readonly chance: number | null;
  readonly strategies: readonly ExplainedStrategy[];
}

/** What the decision asked, and the answer. */
export interface AskedFlag {
  readonly name: string;
  readonly context: Context;
  /** What percentages are sticky by in place of the user. */
  readonly stickyBy: string | undefined;
  /** Value of `environment` in constraints. */
  readonly environment: string;
  readonly enabled: boolean;
  /** The caller has neither name nor bucket. */
  readonly isNameless: boolean;
  /** The caller brought no bucket, and is asked about with one that was drawn for this question. */
  readonly isDrawn: boolean;
}

/** @param definition the flag with all that it depends on; undefined when there is no such flag */
export function explainFlag(asked: AskedFlag, definition: ClientFeatures | undefined): ExplainedFlag {
  const { enabled } = asked;
  const feature = definition?.features[0];
  if (definition === undefined || feature === undefined) return wordsFor(asked, 'missing', 0, []);
  const trial = new Trial(definition, feature, asked);
  try {
    const strategies = feature.strategies.map((strategy) => explainStrategy(strategy, trial));
    const cause = enabled ? 'on' : whyOff(asked, feature, strategies, trial);
    const percent = flagPercent(feature) ?? null;
    const chance = cause === 'dependent' ? null : chanceOf(feature, strategies);
    if (chance === null) return wordsFor(asked, cause, percent, strategies);
    const isSticky = strategies.every(({ byChance, stickiness }) => !byChance || stickiness !== 'random');
    return { ...wordsFor(asked, isSticky ? 'chance-once' : 'chance-each-time', percent, strategies), chance };
  } catch (error) {
    // A flag that is on can be taken apart.
    if (enabled) throw error;
    return wordsFor(asked, 'unreadable', null, []);
  } finally {
    trial.end();
  }
}

function wordsFor(
  { name, enabled }: AskedFlag,
  cause: FlagCause,
  percent: number | null,
  strategies: readonly ExplainedStrategy[],
): ExplainedFlag {
  return { name, enabled, cause, ...flagCauses[cause], percent, chance: null, strategies };
}

function whyOff(
  { isNameless }: AskedFlag,
  feature: ClientFeature,
  strategies: readonly ExplainedStrategy[],
  trial: Trial,
): FlagCause {
  if (!feature.enabled) return 'switched-off';
  if (trial.failed) return 'unreadable';
  // A share that sticks to nothing was drawn twice: for the decision, and for its explanation.
  const includes = strategies.some((one) => one.includes && !(one.byChance && one.stickiness === 'random'));
  if (strategies.length === 0 || includes) return 'dependent';
  const byShare = strategies.filter(({ share, unmet }) => share !== null && unmet.length === 0);
  if (byShare.length > 0) return isNameless ? 'caller-without-name' : 'share-too-small';
  return strategies.some(({ unmet }) => unmet.length > 0) ? 'constrained' : 'not-listed';
}

function explainStrategy(strategy: ClientStrategy, trial: Trial): ExplainedStrategy {
  const { name, parameters = {}, constraints = [], segments = [] } = strategy;
  const share = shareKey(strategy);
  const stickiness = share === undefined ? null : parameters.stickiness || STICKY_BY[name] || 'default';
  const unmet = [
    ...constraints.filter((one) => !trial.meets({ constraints: [one] })).map(constraintWords),
    ...segments.filter((id) => !trial.meets({ segments: [id] })).map((id) => `segment ${id}`),
  ];
  return {
    name,
    includes: trial.includes(strategy),
    share: share === undefined ? null : Number(parameters[share]),
    bucket: share === undefined || trial.hasNoBucket(stickiness) ? null : bucketOf(strategy, share, trial),
    byChance: isPart(Number(parameters[share ?? ''])) && trial.isByChance(stickiness),
    stickiness: trial.isByBucket && STICKY_BY_USER.has(stickiness) ? 'anonymousBucket' : stickiness,
    unmet,
  };
}

/** Some callers, and not all. */
const isPart = (share: number): boolean => share > 0 && share < 100;

const STICKY_BY_USER: ReadonlySet<string | null> = new Set(['userId', 'default']);

/** Strategies of older Unleash servers name it themselves. */
const STICKY_BY: Readonly<Record<string, string>> = {
  gradualRolloutUserId: 'userId',
  gradualRolloutSessionId: 'sessionId',
  gradualRolloutRandom: 'random',
};

/** Null where no draw could end otherwise. */
function chanceOf(feature: ClientFeature, strategies: readonly ExplainedStrategy[]): number | null {
  if (!feature.enabled || strategies.some(({ includes, byChance }) => includes && !byChance)) return null;
  /** The largest share of each draw: strategies of one group and stickiness put a caller in the same bucket. */
  const shares = new Map<string, number>();
  for (const [at, { byChance, share, stickiness, unmet }] of strategies.entries()) {
    if (!byChance || unmet.length > 0) continue;
    const { groupId } = feature.strategies[at]!.parameters ?? {};
    const draw = stickiness === 'random' ? `random ${at}` : `group ${groupId}`;
    shares.set(draw, Math.max(shares.get(draw) ?? 0, share ?? 0));
  }
  const missed = [...shares.values()].reduce((left, share) => left * (1 - share / 100), 1);
  const percent = Math.round((1 - missed) * 1000) / 10;
  return percent > 0 && percent < 100 ? percent : null;
}

function shareKey({ name, parameters = {} }: ClientStrategy): 'rollout' | 'percentage' | undefined {
  if (name === 'flexibleRollout') return 'rollout';
  return name.startsWith('gradualRollout') && parameters.percentage !== undefined ? 'percentage' : undefined;
}

/** The smallest whole percentage that includes the caller, constraints aside. */
function bucketOf(
  { name, parameters }: ClientStrategy,
  key: 'rollout' | 'percentage',
  trial: Trial,
): number | null {
  const includedAt = (share: number): boolean =>
    trial.includes({ name, parameters: { ...parameters, [key]: share as unknown as string } });
  // At 100 % only a caller without the field that the share sticks to is left out.
  if (!includedAt(100)) return null;
  let [below, from] = [0, 100];
  while (from - below > 1) {
    const middle = Math.floor((below + from) / 2);
    if (includedAt(middle)) from = middle;
    else below = middle;
  }
  return from;
}

function constraintWords(constraint: unknown): string {
  const { contextName, operator, values, inverted } = (constraint ?? {}) as Record<string, unknown>;
  const count = Array.isArray(values) && values.length > 0 ? ` (${values.length} values)` : '';
  return `${inverted === true ? 'not ' : ''}${String(contextName)} ${String(operator)}${count}`;
}

/** Evaluates parts of a flag for one caller. */
class Trial {
  /** Something could not be evaluated. */
  failed = false;
  readonly #evaluator: FlagEvaluator;
  readonly #definition: ClientFeatures;
  readonly #feature: ClientFeature;
  readonly #asked: AskedFlag;

  constructor(definition: ClientFeatures, feature: ClientFeature, asked: AskedFlag) {
    this.#definition = definition;
    this.#feature = feature;
    this.#asked = asked;
    this.#evaluator = new FlagEvaluator(() => {
      this.failed = true;
    }, asked.environment);
  }

  /** Whether the answer of a share that sticks to this is a draw. */
  isByChance(stickiness: string | null): boolean {
    return stickiness === 'random' || (this.#asked.isDrawn && this.#isByUser(stickiness));
  }

  /** Of a share that sticks to this, the caller has no bucket of their own. */
  hasNoBucket(stickiness: string | null): boolean {
    return this.isByChance(stickiness) || (this.#asked.isNameless && this.#isByUser(stickiness));
  }

  #isByUser(stickiness: string | null): boolean {
    return !this.isByBucket && STICKY_BY_USER.has(stickiness);
  }

  /** Percentages stick to the caller's bucket, though they have a name. */
  get isByBucket(): boolean {
    return this.#asked.stickyBy !== undefined;
  }

  /** Whether the flag would be on with this strategy alone, without what it depends on. */
  includes(strategy: ClientStrategy): boolean {
    const { name } = this.#feature;
    const { version } = this.#definition;
    const alone: ClientFeature = { name, enabled: true, strategies: [strategy] };
    this.#evaluator.replace({ version, features: [alone], segments: this.#segmentsOf(strategy) });
    return this.#evaluator.isEnabled(name, this.#asked.context, this.#asked.stickyBy);
  }

  /** No more: one may list a hundred thousand users, and each trial of a share reads all that it is given. */
  #segmentsOf({ segments: ids = [] }: ClientStrategy): readonly unknown[] {
    const { segments = [] } = this.#definition;
    return segments.filter((segment) => ids.includes((segment as { id: number }).id));
  }

  meets(condition: Pick<ClientStrategy, 'constraints' | 'segments'>): boolean {
    return this.includes({ name: 'default', ...condition });
  }

  end(): void {
    this.#evaluator.stop();
  }
}
