/**
 * The folders of each workspace as floors, from the top down: a room may import from the floors below it, never from
 * above, and no files import in a circle. A room is a folder, or a file beside the folders.
 */
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../parts/named-files.ts';
import { importsOf } from './imports.ts';

/** One floor per line; rooms of the same floor do not import one another. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  proxy: [
    'index.ts',
    'start-proxy.ts',
    'primary',
    'running-proxy.ts, worker',
    'explain',
    'request',
    'decide',
    'snapshot',
    'mirror',
    'ask, flags',
    'forward, health, identify, link',
    'accept, config-file, observe',
    'keys, match, respond, upstream',
    'wire',
    'clock, files, hold, pin, resilience',
  ],
  cdc: [
    'index.ts',
    'open-replication.ts, removal',
    'engine',
    'arm, copy, verify',
    'apply, proposal, replication.ts, sequences',
    'batch, preflight',
    'fence',
    'source',
    'mapping',
    'catalog, decode, failpoints.ts, positions.ts, replication-settings.ts',
  ],
  control: [
    'index.ts',
    'load-removal.ts, start-control.ts',
    'control-app.ts',
    'control-parts.ts',
    'api, health',
    'link, removal, views',
    'control-config.ts, cutover, flags, parity',
    'guards, http, replications, traffic, writers',
    'store',
  ],
  contract: [
    'index.ts',
    'control-client.ts',
    'slice-view.ts',
    'audit-view.ts, candidate-view.ts, cutover-view.ts, legacy-view.ts, parity-view.ts, replication-view.ts, traffic-view.ts, verify-view.ts, writers-view.ts',
    'config-view.ts',
    'common-view.ts, control-problem.ts',
  ],
  parity: ['index.ts', 'tally', 'compare, reproduce', 'redact', 'rules'],
  core: [
    'index.ts',
    'link',
    'config, decide, observe',
    'cutover, errors, http, parity, slice, text',
    'async, flags, guard, net, replication, words',
  ],
  cli: [
    'index.ts',
    'main.ts',
    'program.ts',
    'commands',
    'cutover, flags, processes',
    'output',
    'status',
    'completion, config, init, preflight, version.ts',
  ],
};

/** File → the files of the same workspace that it imports; paths within the workspace. */
function importsWithin(workspace: string): Map<string, string[]> {
  const files = globSync(`${workspace}/**/*.ts`, { cwd: ROOT, exclude: isOutside });
  return new Map(
    files.map((file) => {
      const targets = importsOf(file).filter((target) => target.startsWith('.'));
      return [within(file), targets.map((target) => within(join(dirname(file), target)))];
    }),
  );
}

const isOutside = (path: string): boolean => /node_modules|\/dist(\/|$)|\.test\.ts$/.test(path);
const within = (file: string): string => file.slice(file.indexOf('/') + 1);
const roomOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file);

/** Groups of files that reach one another (Tarjan 1972: strongly connected components). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    open.push(file);
    for (const target of graph.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      if (open.includes(target)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = open.splice(open.indexOf(file));
    if (circle.length > 1) circles.push(circle);
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return circles;
}

test('a circle is found, even a long one', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['a', 'd']],
    ['d', []],
  ]);
  expect(circlesOf(graph).map((circle) => circle.sort())).toEqual([['a', 'b', 'c']]);
});

describe.each(Object.entries(FLOORS))('%s', (workspace, floors) => {
  const graph = importsWithin(workspace);
  const rooms = floors.map((floor) => floor.split(/,\s*/));
  const floorOf = new Map(rooms.flatMap((names, floor) => names.map((name) => [name, floor] as const)));

  test('every room has a floor, and every floor has its rooms', () => {
    expect([...new Set([...graph.keys()].map(roomOf))].sort()).toEqual([...floorOf.keys()].sort());
  });

  test('no import goes up, no files import in a circle', () => {
    const up = [...graph].flatMap(([file, targets]) =>
      targets
        .filter((target) => roomOf(target) !== roomOf(file))
        .filter((target) => floorOf.get(roomOf(target))! <= floorOf.get(roomOf(file))!)
        .map((target) => `${file} → ${target}`),
    );
    const circles = circlesOf(graph);
    console.log(`${workspace}: ${floorOf.size} rooms, ${up.length} arrows up, ${circles.length} circles`);
    expect({ up, circles }).toEqual({ up: [], circles: [] });
  });
});
