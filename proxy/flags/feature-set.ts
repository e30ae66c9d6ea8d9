/**
 * A whole set of flags as it travels from its source to the workers: Unleash's client-features format, and the
 * deltas that change it. The set is replaced, never changed in place.
 */
import type { ClientFeature, ClientFeatures } from '@ficus/core';

/** An event of Unleash's delta format (`unleash-connected`, `unleash-updated`). */
export type DeltaEvent =
  | {
      readonly type: 'hydration';
      readonly features: readonly ClientFeature[];
      readonly segments?: readonly unknown[];
    }
  | { readonly type: 'feature-updated'; readonly feature: ClientFeature }
  | { readonly type: 'feature-removed'; readonly featureName: string }
  | { readonly type: 'segment-updated'; readonly segment: { readonly id: number } }
  | { readonly type: 'segment-removed'; readonly segmentId: number };

/** The set after the events. Events of unknown types change nothing. */
export function applyDelta(set: ClientFeatures, events: readonly DeltaEvent[]): ClientFeatures {
  const features = new Map(set.features.map((feature) => [feature.name, feature]));
  const segments = new Map((set.segments ?? []).map((segment) => [(segment as { id: number }).id, segment]));
  for (const event of events) {
    switch (event.type) {
      case 'hydration':
        features.clear();
        segments.clear();
        for (const feature of event.features) features.set(feature.name, feature);
        for (const segment of event.segments ?? []) segments.set((segment as { id: number }).id, segment);
        break;
      case 'feature-updated':
        features.set(event.feature.name, event.feature);
        break;
      case 'feature-removed':
        features.delete(event.featureName);
        break;
      case 'segment-updated':
        segments.set(event.segment.id, event.segment);
        break;
      case 'segment-removed':
        segments.delete(event.segmentId);
        break;
    }
  }
  return { version: set.version, features: [...features.values()], segments: [...segments.values()] };
}

/** With the lists that a file, or a server of another version, may leave out. */
export function completeFeatures(set: ClientFeatures): ClientFeatures {
  const features = set.features.map((feature) => ({ ...feature, strategies: feature.strategies ?? [] }));
  return { ...set, features };
}

/**
 * A server's answer as a set of flags. A malformed flag or segment, of another team perhaps, is left out and named, as if
 * it were not there: it must not hold back the changes of all others.
 * @throws Error when it is no set of flags
 */
export function readFeatureSet(document: unknown): {
  readonly set: ClientFeatures;
  readonly leftOut: readonly string[];
} {
  const { features, segments, version = 2 } = (document ?? {}) as Partial<ClientFeatures>;
  if (!Array.isArray(features)) throw new Error(NO_LIST);
  const isFit = (feature: unknown) => checkFeature(feature, 0).length === 0;
  return {
    set: { version, features: features.filter(isFit), segments: listOf(segments).filter(isSegment) },
    leftOut: checkFeatureSet(document),
  };
}

const NO_LIST = 'features: must be a list (Unleash client-features format)';

/** Checks the shape of a document that should be a set of flags; returns all problems. */
export function checkFeatureSet(document: unknown): string[] {
  const { features, segments } = (document ?? {}) as Record<string, unknown>;
  if (!Array.isArray(features)) return [NO_LIST];
  return [
    ...features.flatMap((feature: unknown, index) => checkFeature(feature, index)),
    ...(Array.isArray(segments ?? []) ? [] : ['segments: must be a list']),
    ...listOf(segments).flatMap((segment, index) =>
      isSegment(segment) ? [] : [`segments[${index}]: must have an id, a number`],
    ),
  ];
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const isSegment = (segment: unknown): boolean => typeof (segment as { id?: unknown } | null)?.id === 'number';

function checkFeature(feature: unknown, index: number): string[] {
  const { name, enabled, strategies, dependencies } = (feature ?? {}) as Record<string, unknown>;
  const problems: string[] = [];
  if (typeof name !== 'string' || name === '') problems.push(`features[${index}].name: must be a text`);
  if (typeof enabled !== 'boolean') problems.push(`features[${index}].enabled: must be true or false`);
  if (strategies !== undefined && !Array.isArray(strategies))
    problems.push(`features[${index}].strategies: must be a list`);
  for (const [position, strategy] of (Array.isArray(strategies) ? strategies : []).entries()) {
    if (typeof (strategy as { name?: unknown } | null)?.name !== 'string')
      problems.push(`features[${index}].strategies[${position}].name: must be a text`);
  }
  if (!Array.isArray(dependencies ?? [])) problems.push(`features[${index}].dependencies: must be a list`);
  for (const [position, parent] of (Array.isArray(dependencies) ? dependencies : []).entries()) {
    if (typeof (parent as { feature?: unknown } | null)?.feature !== 'string')
      problems.push(`features[${index}].dependencies[${position}].feature: must be a text`);
  }
  return problems;
}
