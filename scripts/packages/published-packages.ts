/** The published workspaces: all that are not private. They may depend on one another, and on no private one. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './published-manifest.ts';

export const ROOT: string = join(import.meta.dirname, '..', '..');

export interface PublishedPackage {
  /** The workspace's folder, as named in the root's package.json. */
  readonly workspace: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** @throws when one depends on a workspace that is not published */
export function publishedPackages(): PublishedPackage[] {
  const { workspaces } = readManifest(ROOT) as unknown as { workspaces: string[] };
  const all = workspaces
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .map((workspace) => {
      const folder = join(ROOT, workspace);
      return { workspace, folder, manifest: readManifest(folder) };
    });
  const published = all.filter(({ manifest }) => manifest.private !== true);
  const unpublished = new Set(
    all.filter((one) => !published.includes(one)).map(({ manifest }) => manifest.name),
  );
  for (const { manifest } of published) {
    const missing = Object.keys(manifest.dependencies ?? {}).find((name) => unpublished.has(name));
    if (missing)
      throw new Error(`${manifest.name} is published and depends on ${missing}, which is private.`);
  }
  return published;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
