/**
 * Reads ficus.yaml: YAML, references to the environment, every rule of core, and the rules about routes that only
 * the router can see. All that is wrong is told at once.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FicusError, type ParsedConfig, parseConfig } from '@ficus/core';
import { LineCounter, parseDocument } from 'yaml';
import { checkForeignWrites } from '../match/foreign-writes.ts';
import { checkRoutes } from '../match/route-table.ts';
import { resolvePaths } from './resolve-paths.ts';

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
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'there is no such file' : (cause as Error).message;
    throw new FicusError('FICUS_CONFIG_UNREADABLE', `Cannot read ${path}: ${why}.`, { cause });
  }
  const parsed = parseConfigText(text, environment);
  return parsed.ok ? { ...parsed, config: resolvePaths(parsed.config, resolve(path)) } : parsed;
}

/** The same for a text that is at hand. */
export function parseConfigText(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): ParsedConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { path: [], message: `line ${line}, column ${col}: ${error.message}` };
    });
    return { ok: false, problems };
  }
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    // An alias without its anchor, or too many of them.
    return { ok: false, problems: [{ path: [], message: (error as Error).message }] };
  }
  if (content === null)
    return { ok: false, problems: [{ path: [], message: 'is empty: a version and a legacy are the least' }] };
  const parsed = parseConfig(content, environment);
  if (!parsed.ok) return parsed;
  const problems = [...checkRoutes(parsed.config), ...checkForeignWrites(parsed.config)];
  return problems.length === 0 ? parsed : { ok: false, problems };
}
