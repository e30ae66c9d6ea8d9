/** The runs of `npm run bench:cutover` as a table for people: a line for each subject. Pure. */
import { formatTable } from '../report.ts';
import type { RunFigures } from './summarize-run.ts';

const COLUMNS = [
  ['pause of writes p50', ({ writePauseMs }) => writePauseMs.p50],
  ['p95', ({ writePauseMs }) => writePauseMs.p95],
  ['max ms', ({ writePauseMs }) => writePauseMs.max],
  ['quiet p95', ({ quietPauseMs }) => quietPauseMs.p95],
  ['abandoned', ({ abandoned }) => abandoned],
  ['failed', ({ failed }) => total(failed.writes) + total(failed.reads)],
  ['lost', ({ onOwner, onOther }) => onOwner.missing + (onOther?.missing ?? 0)],
  ['stale', ({ ownWrites }) => ownWrites.stale],
  ['side doors: acknowledged', (figures) => overSideDoors(figures, ({ acknowledged }) => acknowledged)],
  ['refused', (figures) => overSideDoors(figures, ({ refused }) => total(refused))],
  ['lost', (figures) => overSideDoors(figures, ({ missing }) => missing)],
] as const satisfies readonly (readonly [string, (figures: RunFigures) => number])[];

export function formatRuns(runs: Readonly<Record<string, RunFigures>>): string {
  return formatTable([
    ['', ...COLUMNS.map(([title]) => title)],
    ...Object.entries(runs).map(([name, figures]) => [
      name,
      ...COLUMNS.map(([, read]) => String(read(figures))),
    ]),
  ]);
}

/** What a change of owner was made of, in milliseconds. */
export function formatSteps(name: string, { stepsMs, orderMs }: RunFigures): string {
  const rows = Object.entries({ ...stepsMs, 'from order to end': orderMs });
  return formatTable([
    [`${name}, ms`, 'p50', 'p95', 'max'],
    ...rows.map(([step, { p50, p95, max }]) => [step, String(p50), String(p95), String(max)]),
  ]);
}

type SideDoorFigures = RunFigures['sideDoors'][keyof RunFigures['sideDoors']];

function overSideDoors({ sideDoors }: RunFigures, read: (door: SideDoorFigures) => number): number {
  return Object.values(sideDoors).reduce((sum, door) => sum + read(door), 0);
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
