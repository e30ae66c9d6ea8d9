/** Both databases, compared row by row, on the screen. */
import type { DemoFigures } from './demo-figures.ts';
import type { DemoRun } from './demo-run.ts';

export async function compareRows({ control, screen, signal }: DemoRun): Promise<DemoFigures['rows']> {
  const count = (value: number) => value.toLocaleString('en-US');
  const rows = await control.verify(
    (done, total) => screen.live(`comparing both databases: ${count(done)} of ${count(total)} rows`),
    signal,
  );
  const outcome = rows.different === 0 ? 'equal' : `${count(rows.different)} differ`;
  screen.say(`  Both databases, row by row: ${count(rows.legacy)} rows, ${outcome}`);
  return rows;
}
