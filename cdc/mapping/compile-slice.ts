/**
 * The mapping of a slice against its two databases: reads both catalogs, loads the modules, compiles. Stream, verify and
 * preflight begin here, so that all of them have the same plans and name the same problem first.
 */
import { FicusError, formatPath, formatProblem, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import type { DatabaseCatalog } from '../catalog/database-catalog.ts';
import { readCatalog } from '../catalog/read-catalog.ts';
import { compileMapping, mappedTables } from './compile-mapping.ts';
import { loadMappingModules } from './mapping-module.ts';
import type { MappingProblem } from './mapping-problem.ts';
import type { TablePlan } from './table-plan.ts';

interface SliceMapping {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  /** Base directory of mapping modules; by default the working directory. */
  readonly baseDir?: string | undefined;
}

interface CompiledSlice {
  /** The valid tables, even when others have problems. */
  readonly plans: readonly TablePlan[];
  readonly catalogs: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog };
  /** One for each root cause, modules that cannot be loaded first. */
  readonly problems: readonly MappingProblem[];
}

export async function compileSlice(
  { slice, tables, baseDir = process.cwd() }: SliceMapping,
  sourceClient: pg.ClientBase,
  targetClient: pg.ClientBase,
): Promise<CompiledSlice> {
  const names = mappedTables(tables);
  const [source, target] = await Promise.all([
    readCatalog(sourceClient, names.source),
    readCatalog(targetClient, names.target),
  ]);
  const path = ['slices', slice, 'tables'];
  const { modules, problems: unloaded } = await loadMappingModules(tables, baseDir, path);
  const compiled = compileMapping({ tables, source, target, modules, path });
  return {
    plans: compiled.plans,
    catalogs: { source, target },
    problems: [...unloaded, ...elsewhere(compiled.problems, unloaded)],
  };
}

/** @throws FicusError that names the first problem and says how many more there are */
export function refuseProblems(problems: readonly MappingProblem[]): void {
  const [first, ...rest] = problems;
  if (!first) return;
  const more = rest.length > 0 ? ` (and ${rest.length} more: ficus check --live)` : '';
  throw new FicusError(first.code, `${formatProblem(first)}${more}`);
}

/** Problems whose places are not among the known ones. */
function elsewhere(problems: readonly MappingProblem[], known: readonly MappingProblem[]): MappingProblem[] {
  const places = new Set(known.map((problem) => formatPath(problem.path)));
  return problems.filter((problem) => !places.has(formatPath(problem.path)));
}
