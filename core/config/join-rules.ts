/**
 * Rules that span several areas of the config. They read the document as it was written and assume nothing about its
 * shape, so that they apply even when an area is invalid: a user sees all errors at once.
 */
import { streamWord } from '../slice/stream-word.ts';
import type { ConfigProblem } from './config-problem.ts';
import { UNEVALUATED_GUARDS } from './guards-schema.ts';

/** A parsed document of unknown shape, seen through optional properties. */
interface Loose {
  readonly [key: string]: unknown;
}

/** All problems that involve more than one area. */
export function checkJoins(document: unknown): ConfigProblem[] {
  const config = loose(document);
  const slices = Object.entries(loose(config.slices)).map(([name, slice]) => ({ name, slice: loose(slice) }));
  return [
    ...missingDatabases(config, slices),
    ...slices.flatMap(({ name, slice }) => repeatedRouteIds(name, slice)),
    ...slices.flatMap(({ name, slice }) => unknownIgnoredRoutes(name, slice)),
    ...slices.flatMap(({ name, slice }) => writersOfNoTables(name, slice)),
    ...slices.flatMap(({ name, slice }) => declaredOfNoTables(name, slice)),
    ...slices.flatMap(({ name, slice }) => unevaluatedGuards(name, slice)),
    ...sharedStreamNames(slices),
  ];
}

/** “orders-back” would have the slots and the publication of the way back of “orders”. */
function sharedStreamNames(slices: readonly NamedSlice[]): ConfigProblem[] {
  const names = slices.filter(({ slice }) => list(slice.tables).length > 0).map(({ name }) => name);
  return names.flatMap((name, index) => {
    const word = streamWord(name, 'forward');
    const reversed = names.find((other) => streamWord(other, 'reverse') === word);
    const twin = names.slice(0, index).find((other) => streamWord(other, 'forward') === word);
    const of = reversed === undefined ? `slice “${twin}”` : `the way back of slice “${reversed}”`;
    if (reversed === undefined && twin === undefined) return [];
    const message = `its publication and slots would be called “${word}…” as those of ${of}: give one of the two another name`;
    return [{ path: ['slices', name], message }];
  });
}

interface NamedSlice {
  readonly name: string;
  readonly slice: Loose;
}

function missingDatabases(config: Loose, slices: readonly NamedSlice[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const withTables = slices.filter(({ slice }) => list(slice.tables).length > 0);
  for (const { name, slice } of withTables) {
    if (loose(slice.candidate).database === undefined) {
      problems.push({
        path: ['slices', name, 'candidate', 'database'],
        message: 'is required: the slice has tables',
      });
    }
  }
  if (withTables.length > 0 && config.legacy !== undefined && loose(config.legacy).database === undefined) {
    problems.push({ path: ['legacy', 'database'], message: 'is required: a slice has tables' });
  }
  const builtin = (loose(config.flags).provider ?? 'builtin') === 'builtin' && slices.length > 0;
  if ((withTables.length > 0 || builtin) && loose(config.control).database === undefined) {
    problems.push({
      path: ['control', 'database'],
      message: 'is required by built-in flags and by slices with tables',
    });
  }
  return problems;
}

function repeatedRouteIds(name: string, slice: Loose): ConfigProblem[] {
  const seen = new Set<unknown>();
  return list(slice.routes).flatMap((route, index) => {
    const { id } = loose(route);
    const repeated = id !== undefined && seen.has(id);
    seen.add(id);
    if (!repeated) return [];
    return [
      { path: ['slices', name, 'routes', index, 'id'], message: `“${id}” is used twice in this slice` },
    ];
  });
}

function unknownIgnoredRoutes(name: string, slice: Loose): ConfigProblem[] {
  const ids = new Set(list(slice.routes).map((route) => loose(route).id));
  return list(loose(slice.parity).ignore).flatMap((rule, index) => {
    const { route } = loose(rule);
    if (route === undefined || ids.has(route)) return [];
    return [
      {
        path: ['slices', name, 'parity', 'ignore', index, 'route'],
        message: `there is no route “${route}” in this slice`,
      },
    ];
  });
}

function writersOfNoTables(name: string, slice: Loose): ConfigProblem[] {
  if (list(slice.writtenBy).length === 0 || list(slice.tables).length > 0) return [];
  return [
    {
      path: ['slices', name, 'writtenBy'],
      message: 'names requests that write the slice’s tables, but the slice has none',
    },
  ];
}

function declaredOfNoTables(name: string, slice: Loose): ConfigProblem[] {
  if (list(slice.writers).length === 0 || list(slice.tables).length > 0) return [];
  const message = 'needs tables: without them there is nothing whose writers could be known';
  return [{ path: ['slices', name, 'writers'], message }];
}

/** A guard that is never evaluated would give false safety. */
function unevaluatedGuards(name: string, slice: Loose): ConfigProblem[] {
  const guards = loose(slice.guards);
  return UNEVALUATED_GUARDS.filter((guard) => guards[guard] !== undefined).map((guard) => ({
    path: ['slices', name, 'guards', guard],
    message: 'is not supported by this version, so it would hold nothing back; remove the key until it is',
  }));
}

function loose(value: unknown): Loose {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Loose) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
