/**
 * Publishes the packages that the registry lacks, so that an interrupted release can be run again. It queries every
 * version first, because npm refuses an existing one. The command comes last: when it appears, everything that it needs
 * is there.
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

/** Returns the specs that it published. */
export function publishMissing(tarballs: readonly Tarball[], registry: Registry): string[] {
  const isCommand = ({ spec }: Tarball) => spec.startsWith('@ficus/cli@');
  const inOrder = [...tarballs.filter((tarball) => !isCommand(tarball)), ...tarballs.filter(isCommand)];
  const missing = inOrder.filter(({ spec }) => !registry.isPublished(spec));
  for (const { file } of missing) registry.publish(file);
  return missing.map(({ spec }) => spec);
}
