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
import { type ReversedMapping, reverseMapping } from './reverse-mapping.ts';
import type { TablePlan } from './table-plan.ts';

interface SliceMapping {
  readonly slice: string;
  /** As in the config, in either direction. */
  readonly tables: readonly TableConfig[];
  /** `reverse`: the candidate is the source, the legacy the target. Default `forward`. */
  readonly direction?: 'forward' | 'reverse' | undefined;
  /** Base directory of mapping modules; by default the working directory. */
  readonly baseDir?: string | undefined;
}

interface CompiledSlice {
  /** The valid tables, even when others have problems. */
  readonly plans: readonly TablePlan[];
  readonly catalogs: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog };
  /** One for each root cause, modules that cannot be loaded first. */
  readonly problems: readonly MappingProblem[];
  /** What the plans were compiled from: the config's tables, or their reverse. */
  readonly tables: readonly TableConfig[];
  /** Tables without a way back; empty in the direction `forward`. */
  readonly irreversible: ReversedMapping['irreversible'];
}

export async function compileSlice(
  given: SliceMapping,
  sourceClient: pg.ClientBase,
  targetClient: pg.ClientBase,
): Promise<CompiledSlice> {
  if (given.direction !== 'reverse') return compileForward(given, sourceClient, targetClient);
  const forward = await compileForward(given, targetClient, sourceClient);
  const catalogs = { source: forward.catalogs.target, target: forward.catalogs.source };
  if (forward.problems.length > 0) return { ...forward, plans: [], catalogs };
  const { tables, modules, irreversible } = reverseMapping(given.tables, forward.plans, forward.catalogs);
  const path = ['slices', given.slice, 'tables'];
  return { ...compileMapping({ tables, ...catalogs, modules, path }), catalogs, tables, irreversible };
}

async function compileForward(
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
    tables,
    irreversible: [],
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
