/** The text of a package.json with another version, its own and that of the workspaces that it depends on. */
export function withVersion(text: string, version: string): string {
  const manifest = JSON.parse(text) as Record<string, unknown>;
  manifest.version = version;
  for (const kind of ['dependencies', 'devDependencies']) {
    const dependencies = manifest[kind] as Record<string, string> | undefined;
    for (const name of Object.keys(dependencies ?? {})) {
      if (/^@ficus(-sample)?\//.test(name)) dependencies![name] = version;
    }
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
