/**
 * Publishes the packages that the registry has not: a release that broke off half-way is run again. Every version is asked
 * for first, because npm refuses one that is there. The command comes last: with it, everything that it needs is there.
 */

export interface Tarball {
  /** `@ficus/core@0.1.0` */
  readonly spec: string;
  readonly file: string;
}

export interface Registry {
  isPublished(spec: string): boolean;
  publish(file: string): void;
}

/** Answers the specs that it published. */
export function publishMissing(tarballs: readonly Tarball[], registry: Registry): string[] {
  const isCommand = ({ spec }: Tarball) => spec.startsWith('@ficus/cli@');
  const inOrder = [...tarballs.filter((tarball) => !isCommand(tarball)), ...tarballs.filter(isCommand)];
  const missing = inOrder.filter(({ spec }) => !registry.isPublished(spec));
  for (const { file } of missing) registry.publish(file);
  return missing.map(({ spec }) => spec);
}
