/**
 * Reads ficus.yaml: YAML, references to the environment, every rule of core, and the rules about routes that
 * only the router can see. All problems are reported at once.
 */
import { resolve } from 'node:path';
import { describeFileError, FicusError, type ParsedConfig, parseConfig } from '@ficus/core';
import { readGivenFile } from '../files/read-small-file.ts';
import { checkPatterns } from '../match/check-patterns.ts';
import { checkForeignWrites } from '../match/foreign-writes.ts';
import { checkRoutes } from '../match/route-table.ts';
import { readYaml } from './read-yaml.ts';
import { resolvePaths } from './resolve-paths.ts';

export const LONGEST_CONFIG_MIB = 16;

/**
 * @param environment where `${NAME}` is looked up
 * @throws FicusError FICUS_CONFIG_UNREADABLE when the file cannot be read
 */
export async function readConfigFile(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ParsedConfig> {
  let text: string;
  try {
    text = await readGivenFile(path, LONGEST_CONFIG_MIB);
  } catch (cause) {
    const why = describeFileError(cause);
    throw new FicusError('FICUS_CONFIG_UNREADABLE', `Cannot read ${path}: ${why}.`, { cause });
  }
  const parsed = parseConfigText(text, environment);
  return parsed.ok ? { ...parsed, config: resolvePaths(parsed.config, resolve(path)) } : parsed;
}

/** The same for text instead of a file. */
export function parseConfigText(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): ParsedConfig {
  const yaml = readYaml(text);
  if (!yaml.ok) return yaml;
  const { content } = yaml;
  if (content === null)
    return { ok: false, problems: [{ path: [], message: 'is empty; it needs at least version and legacy' }] };
  const parsed = parseConfig(content, environment);
  if (!parsed.ok) return parsed;
  const patterns = checkPatterns(parsed.config);
  // Routes are compiled to be compared, which takes patterns that compile.
  const problems =
    patterns.length > 0 ? patterns : [...checkRoutes(parsed.config), ...checkForeignWrites(parsed.config)];
  return problems.length === 0 ? parsed : { ok: false, problems };
}
