/**
 * A TypeScript mapping: `module: ./mapping/notifications.ts` instead of `columns`. Values are PostgreSQL's own text, in
 * and out, so that nothing is lost; null is null.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TableConfig } from '@ficus/core';
import type { MappingProblem } from './mapping-problem.ts';

export type TextRow = Readonly<Record<string, string | null>>;

export interface MappingModule {
  /** Source row → target row; undefined leaves the row out. Must be a pure function. */
  forward(row: TextRow): TextRow | undefined;
  /** Target row → source row. Without it the mapping cannot be reversed. */
  reverse?(row: TextRow): TextRow | undefined;
  /** Target columns that forward() fills; by default all that are not generated. */
  readonly columns?: readonly string[];
  /**
   * Source identity columns → target key, where the key is not simply the same-named columns: a DELETE carries only the
   * identity columns. If a row that forward() leaves out may share the key of one that it includes, return null for the
   * former: otherwise the target row with this key is removed with it.
   */
  forwardKey?(identity: TextRow): TextRow;
}

/** Path as in the config → its module. */
export type MappingModules = ReadonlyMap<string, MappingModule>;

/** Imports the modules that the mapping names, relative to `baseDir` (the directory of the config file). */
export async function loadMappingModules(
  tables: readonly TableConfig[],
  baseDir: string,
  path: readonly (string | number)[] = [],
): Promise<{ modules: MappingModules; problems: MappingProblem[] }> {
  const modules = new Map<string, MappingModule>();
  const problems: MappingProblem[] = [];
  for (const [index, table] of tables.entries()) {
    if (table.module === undefined || modules.has(table.module)) continue;
    const file = fileOf(table.module, baseDir);
    try {
      modules.set(table.module, asMappingModule(await import(pathToFileURL(file).href)));
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      problems.push({
        path: [...path, index, 'module'],
        message: `cannot be loaded: ${reason}`,
        code: 'FICUS_CDC_MAPPING_INVALID',
      });
    }
  }
  return { modules, problems };
}

function fileOf(module: string, baseDir: string): string {
  return isAbsolute(module) ? module : resolve(baseDir, module);
}

/** Changes when the module's own file is edited, but not with its indentation, blank lines and lines of comments. */
export async function digestModule(module: string, baseDir: string): Promise<string> {
  const text = await readFile(fileOf(module, baseDir), 'utf8');
  const lines = text.replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, '').split('\n');
  const code = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('//'));
  return createHash('sha256').update(code.join('\n')).digest('hex');
}

function asMappingModule(loaded: Record<string, unknown>): MappingModule {
  if (typeof loaded.forward !== 'function') throw new Error('it must export a function forward(row)');
  for (const name of ['reverse', 'forwardKey']) {
    if (loaded[name] !== undefined && typeof loaded[name] !== 'function')
      throw new Error(`its export ${name} must be a function`);
  }
  return loaded as unknown as MappingModule;
}
