/**
 * What the target remembers of a table beside its checkpoint: the mapping and both tables as they were when its rows were
 * last known to be right. What changed while no session ran is found by comparison, as what changes under one.
 */
import { type ErrorCode, FicusError, type TableConfig } from '@ficus/core';
import type { ColumnCatalog, TableCatalog, TypeParts } from '../catalog/database-catalog.ts';
import { findComputedAgain, type TableStorage } from '../catalog/table-storage.ts';
import { isLossless, isSameType, type KnownType } from '../mapping/evaluate-columns.ts';
import { compareMappings, formOfMapping, type MappingForm } from '../mapping/mapping-form.ts';
import type { TablePlan } from '../mapping/table-plan.ts';

export interface TableShape {
  readonly sourceOid: number;
  readonly targetOid: number;
  /** Columns of the source; those that are `generated` are not in the stream. */
  readonly source: Readonly<
    Record<string, { readonly generated: boolean; readonly parts?: TypeParts | undefined }>
  >;
  /** Mapped columns of the target. */
  readonly target: Readonly<
    Record<string, KnownType & { readonly attnum: number; readonly parts?: TypeParts | undefined }>
  >;
  readonly mapping: MappingForm;
  /** Unknown for what older versions remembered. */
  readonly storage?: Storage | undefined;
}

interface Storage {
  /** Of other clusters, the rest says nothing. */
  readonly clusters: string;
  /** The files as they were last seen (rememberFiles). */
  readonly source: TableStorage;
  readonly target: TableStorage;
}

interface ShapeInput {
  readonly plan: TablePlan;
  readonly config: TableConfig;
  readonly source: TableCatalog;
  readonly target: TableCatalog;
  readonly moduleDigest?: string | undefined;
  readonly clusters: string;
}

export function describeShape(input: ShapeInput): TableShape {
  const { plan, config, source, target, moduleDigest, clusters } = input;
  const mapped = new Set(plan.columns.map(({ name }) => name));
  return {
    sourceOid: source.oid,
    targetOid: target.oid,
    source: Object.fromEntries(
      source.columns.map(({ name, generated, typeParts: parts }) => [name, { generated, parts }]),
    ),
    target: Object.fromEntries(
      target.columns
        .filter(({ name }) => mapped.has(name))
        .map(({ name, attnum, type, typeOid, typmod, typeParts: parts }) => [
          name,
          { attnum, type, typeOid, typmod, parts },
        ]),
    ),
    mapping: formOfMapping(plan, config, moduleDigest),
    storage: { clusters, source: source.storage, target: target.storage },
  };
}

/** @returns why the rows on the target are no longer what the mapping makes of the source; undefined: they are */
export function compareShapes(
  plan: TablePlan,
  before: TableShape,
  now: TableShape,
  target: readonly ColumnCatalog[],
): FicusError | undefined {
  const edited = compareMappings({
    before: before.mapping,
    now: now.mapping,
    hadSource: (column) => before.source[column]?.generated === false,
    hasSource: (column) => column in now.source,
    hasTarget: (column) => target.some(({ name }) => name === column),
    typeOf: (column) => target.find(({ name }) => name === column)?.baseTypeWithModifier,
  });
  if (edited)
    return problem(
      'FICUS_CDC_MAPPING_CHANGED',
      plan,
      `The mapping of ${plan.target.qualifiedName} was changed after the copy: ${edited}`,
    );
  const altered =
    compareSource(plan, before, now) ?? compareTarget(plan, before, now) ?? compareStorage(plan, before, now);
  if (altered === undefined) return undefined;
  return problem('FICUS_CDC_SCHEMA_CHANGED', plan, `${altered}: copy again: ficus copy SLICE --restart`);
}

function problem(code: ErrorCode, plan: TablePlan, message: string): FicusError {
  const details = { source: plan.source.qualifiedName, target: plan.target.qualifiedName };
  return new FicusError(code, `${message}.`, { details });
}

function compareSource(plan: TablePlan, before: TableShape, now: TableShape): string | undefined {
  const table = plan.source.qualifiedName;
  for (const { name } of plan.source.readColumns) {
    const old = before.source[name];
    if (old?.generated)
      return `Column “${name}” of ${table} was generated and is stored as written now; the values that its rows have are not in the stream`;
    const lost = findLostPart(`column “${name}” of ${table}`, old?.parts, now.source[name]?.parts);
    if (lost !== undefined) return `${lost}; the rows that have it are not in the stream`;
  }
  return undefined;
}

function compareTarget(plan: TablePlan, before: TableShape, now: TableShape): string | undefined {
  const table = plan.target.qualifiedName;
  for (const [name, column] of Object.entries(now.target)) {
    const { attnum, type, parts } = column;
    const old = before.target[name];
    if (old === undefined) continue;
    if (old.attnum !== attnum)
      return `Column “${name}” of ${table} on the target was dropped and added again, or renamed: it is a different column now`;
    const isSame = isSameType(old, column);
    if (!isSame && !isLossless(old.type, type))
      return `Column “${name}” of ${table} on the target changed its type from ${old.type} to ${type}, which may have changed its values`;
    const lost = findLostPart(`column “${name}” of ${table} on the target`, old.parts, parts);
    if (isSame && lost !== undefined) return `${lost}; the rows that have it have other values now`;
  }
  return undefined;
}

function compareStorage(plan: TablePlan, before: TableShape, now: TableShape): string | undefined {
  const [old, today] = [before.storage, now.storage];
  if (!old || !today || old.clusters !== today.clusters) return undefined;
  const read = plan.source.readColumns.map(({ name }) => name);
  const source = findComputedAgain(read, old.source, today.source);
  if (source !== undefined)
    return `Column “${source}” of ${plan.source.qualifiedName} was altered, and all rows were written again (as ALTER … TYPE … USING does); values that were computed again are not in the stream`;
  const target = findComputedAgain(Object.keys(now.target), old.target, today.target);
  if (target === undefined) return undefined;
  return `Column “${target}” of ${plan.target.qualifiedName} on the target was altered, and all rows were written again (as ALTER … TYPE … USING does), which may have changed its values`;
}

/** An attribute may be renamed: values do not name it. A label that has the name of another one is another label. */
function findLostPart(of: string, before: TypeParts = {}, now: TypeParts = {}): string | undefined {
  for (const [number, name] of Object.entries(before)) {
    const isAttribute = number.includes('.');
    if (isAttribute ? number in now : now[number] === name) continue;
    return isAttribute ? `Attribute “${name}” of ${of} was dropped` : `Label “${name}” of ${of} was renamed`;
  }
  return undefined;
}
