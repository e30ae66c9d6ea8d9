/** Whether the legacy takes other spellings of a path for the same one, where the config does not say so. */
import type { Finding } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { probePaths } from '@ficus/proxy';

export async function checkPaths(config: FicusConfig): Promise<Finding[]> {
  const problems = await probePaths(config);
  return problems.map(({ key, message }) => ({
    severity: 'warning',
    path: `legacy.paths.${key}`,
    code: 'FICUS_PROXY_PATHS_DIFFER',
    message,
  }));
}
