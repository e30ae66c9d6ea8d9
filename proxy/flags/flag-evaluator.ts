/**
 * Flags, evaluated only by unleash-client. Its repository is ours and holds a set that is passed in, so that the source
 * (file, built-in store, Unleash server) and the evaluation do not depend on each other.
 */
import { EventEmitter } from 'node:events';
import { type ClientFeatures, percentFlag } from '@ficus/core';
import { type Context, Unleash } from 'unleash-client';

type Repository = NonNullable<ConstructorParameters<typeof Unleash>[0]['repository']>;
type Feature = ReturnType<Repository['getToggles']>[number];
type Segment = NonNullable<ReturnType<Repository['getSegment']>>;

/** Before the name of a flag: the same flag, with percentages that are sticky by bucket. */
const BY_BUCKET = 'bucket/';
/** The property of a context that holds the bucket. */
const BUCKET = 'ficusBucket';
/** Kinds of stickiness that mean the user; `default` is the user where there is one, and here there always is. */
const BY_USER: ReadonlySet<unknown> = new Set([undefined, '', 'default', 'userId']);

/** unleash-client's repository over a set that is kept up to date from outside. */
class HeldRepository extends EventEmitter implements Repository {
  #features = new Map<string, Feature>();
  /** Made at the first use of each. */
  readonly #byBucket = new Map<string, Feature>();
  #segments = new Map<number, Segment>();

  replace(set: ClientFeatures): void {
    this.#features = new Map(set.features.map((feature) => [feature.name, asFeature(feature)]));
    this.#byBucket.clear();
    const segments = (set.segments ?? []) as Segment[];
    this.#segments = new Map(segments.map((segment) => [segment.id, segment]));
  }

  getToggle(name: string): Feature | undefined {
    return this.#features.get(name) ?? this.#stickyByBucket(name);
  }

  #stickyByBucket(name: string): Feature | undefined {
    if (!name.startsWith(BY_BUCKET)) return undefined;
    const known = this.#byBucket.get(name);
    const feature = this.#features.get(name.slice(BY_BUCKET.length));
    if (known !== undefined || feature === undefined) return known;
    const made = stickyByBucket(feature);
    this.#byBucket.set(name, made);
    return made;
  }

  getToggles(): Feature[] {
    return [...this.#features.values()];
  }

  getTogglesWithSegmentData(): ReturnType<Repository['getTogglesWithSegmentData']> {
    return this.getToggles().map(({ strategies, ...feature }) => ({
      ...feature,
      strategies: (strategies ?? []).map(({ segments, ...strategy }) => ({
        ...strategy,
        segments: (segments ?? []).map((id) => this.getSegment(id)),
      })),
    }));
  }

  getSegment(id: number): Segment | undefined {
    return this.#segments.get(id);
  }

  async start(): Promise<void> {}

  stop(): void {
    this.removeAllListeners();
  }
}

/** unleash-client requires a list of strategies, and converts the share to a number at each evaluation. */
function asFeature(feature: ClientFeatures['features'][number]): Feature {
  const strategies = (feature.strategies ?? []) as readonly { parameters?: { rollout?: unknown } }[];
  const made = strategies.map((strategy) => {
    const rollout = strategy.parameters?.rollout;
    if (rollout === undefined) return strategy;
    return { ...strategy, parameters: { ...strategy.parameters, rollout: Number(rollout) } };
  });
  return {
    ...(feature as unknown as Feature),
    strategies: made as unknown as NonNullable<Feature['strategies']>,
  };
}

/** Names of the flags that it depends on; a malformed flag may list anything. */
function parentsOf({ dependencies }: { readonly dependencies?: unknown }): string[] {
  const listed: unknown[] = Array.isArray(dependencies) ? dependencies : [];
  const names = listed.map((parent) => (parent as { feature?: unknown } | null)?.feature);
  return names.filter((name) => typeof name === 'string');
}

/** The flag with the bucket in place of the user in percentages; constraints still see the user. */
function stickyByBucket(feature: Feature): Feature {
  const { strategies, dependencies } = feature;
  const sticky = strategies?.map((strategy) => {
    const { name, parameters } = strategy;
    if (name !== 'flexibleRollout' || !BY_USER.has(parameters?.stickiness)) return strategy;
    return { ...strategy, parameters: { ...parameters, stickiness: BUCKET } };
  });
  const parents = dependencies?.map((parent) => ({ ...parent, feature: BY_BUCKET + parent.feature }));
  return { ...feature, ...(sticky && { strategies: sticky }), ...(parents && { dependencies: parents }) };
}

export class FlagEvaluator {
  /** Some flag or segment depends on the client's address: then the context needs it. */
  usesAddress = false;
  readonly environment: string;
  readonly #repository = new HeldRepository();
  readonly #unleash: Unleash;

  readonly #onWarning: (message: string) => void;
  /** Flags of the current set that could not be evaluated. */
  readonly #reported = new Set<string>();

  /** @param environment value of `environment` in constraints */
  constructor(onWarning: (message: string) => void = () => {}, environment = 'default') {
    this.#onWarning = onWarning;
    this.environment = environment;
    this.#unleash = new Unleash({
      appName: 'ficus',
      environment,
      url: 'http://flags.invalid/api/',
      repository: this.#repository,
      disableMetrics: true,
      skipInstanceCountWarning: true,
    });
    // The set exists before the first evaluation: without this, everything is off until a later turn of the event loop.
    this.#repository.emit('ready');
    // A flag that unleash-client cannot evaluate is off, and is reported.
    this.#unleash.on('error', (error: Error) => onWarning(error.message));
    this.#unleash.on('warn', (message: string) => onWarning(String(message)));
  }

  /** Replaces the whole set; the next evaluation sees it. */
  replace(set: ClientFeatures): void {
    this.#repository.replace(set);
    this.#reported.clear();
    this.usesAddress = JSON.stringify(set).includes('"remoteAddress"');
  }

  /**
   * Whether a flag is on for a caller; a missing flag is off.
   * @param bucket what percentages are sticky by in place of the user
   */
  isEnabled(name: string, context: Context, bucket?: string): boolean {
    // A flag that is switched off is off for all users: most shadow flags, most of the time.
    if (this.#repository.getToggle(name)?.enabled === false) return false;
    try {
      if (bucket === undefined) return this.#unleash.isEnabled(name, context);
      const properties = { ...context.properties, [BUCKET]: bucket };
      return this.#unleash.isEnabled(BY_BUCKET + name, { ...context, properties });
    } catch (error) {
      this.#reportOnce(name, error);
      return false;
    }
  }

  /** unleash-client throws for some malformed strategies: no request may fail because of them. */
  #reportOnce(name: string, error: unknown): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    this.#onWarning(`${name} is off, because it cannot be evaluated: ${(error as Error).message}`);
  }

  /** A flag with the flags and segments that it depends on; undefined when there is no such flag. */
  definitionOf(name: string): ClientFeatures | undefined {
    const feature = this.#repository.getToggle(name);
    if (feature === undefined) return undefined;
    const parents = parentsOf(feature).map((parent) => this.#repository.getToggle(parent));
    const features = [feature, ...parents.filter((parent) => parent !== undefined)];
    const used = features
      .flatMap(({ strategies }) => strategies ?? [])
      .flatMap(({ segments }) => segments ?? []);
    const segments = [...new Set(used)].map((id) => this.#repository.getSegment(id));
    return {
      version: 2,
      features: features as unknown as ClientFeatures['features'],
      segments: segments.filter((segment) => segment !== undefined),
    };
  }

  stop(): void {
    this.#unleash.destroy();
  }
}

/**
 * The user id for evaluating callers without any identity: the one that a percentage reaches last, at 100. Such callers
 * cannot be sticky, so a share below 100 has no effect on them, and 100 includes them all.
 * @param groupId group of the slice's percentage flags
 */
export function lastUserOf(groupId: string): string {
  const known = lastUsers.get(groupId);
  if (known !== undefined) return known;
  const evaluator = new FlagEvaluator();
  evaluator.replace({ version: 1, features: [percentFlag('all-but-last', groupId, 99)] });
  let attempt = 0;
  while (evaluator.isEnabled('all-but-last', { userId: `anonymous-${attempt}` })) attempt += 1;
  evaluator.stop();
  lastUsers.set(groupId, `anonymous-${attempt}`);
  return `anonymous-${attempt}`;
}

/** By group; slices keep their names across reloads. */
const lastUsers = new Map<string, string>();
