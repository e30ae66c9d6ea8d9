/** The document that every benchmark prints, and the same for people. */
export interface Check {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly bound: string;
  /** null: a part was missing, or the evidence was insufficient; `reason` says which. */
  readonly ok: boolean | null;
  readonly reason?: string;
  /** Not slow, but wrong: no machine excuses it. */
  readonly isWrong?: true;
}

export interface Report {
  ok: boolean;
  readonly checks: Check[];
  readonly figures: Record<string, unknown>;
}

export function newReport(): Report {
  return { ok: true, checks: [], figures: {} };
}

export function atMost(report: Report, name: string, value: number, unit: string, bound: number): void {
  add(report, { name, value, unit, bound: `<= ${bound}`, ok: value <= bound });
}

/** What makes an answer wrong when it happens once. */
export function never(report: Report, name: string, value: number, unit: string): void {
  const ok = value === 0;
  add(report, { name, value, unit, bound: '= 0', ok, ...(ok ? {} : { isWrong: true as const }) });
}

export function atLeast(report: Report, name: string, value: number, unit: string, bound: number): void {
  add(report, { name, value, unit, bound: `>= ${bound}`, ok: value >= bound });
}

export function below(report: Report, name: string, value: number, unit: string, bound: number): void {
  add(report, { name, value, unit, bound: `< ${bound}`, ok: value < bound });
}

export function notMeasured(report: Report, name: string, unit: string, bound: string, reason: string): void {
  add(report, { name, value: null, unit, bound, ok: null, reason });
}

/** Measured, but too uncertain to compare with the bound. */
export function undecided(
  report: Report,
  name: string,
  value: number,
  unit: string,
  bound: string,
  reason: string,
): void {
  add(report, { name, value, unit, bound, ok: null, reason });
}

/** Rounded only for the reader: the measured value is judged. */
function add(report: Report, check: Check): void {
  const value = check.value === null ? null : Math.round(check.value * 1000) / 1000;
  report.checks.push({ ...check, value });
  if (check.ok === false) report.ok = false;
}

/** A table of rows with the same columns. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n');
}

export function formatChecks(report: Report): string {
  const mark = (ok: boolean | null, value: number | null): string => {
    if (ok === null) return value === null ? 'not measured' : 'not decided';
    return ok ? 'ok' : 'FAILED';
  };
  return formatTable([
    ['check', 'value', 'bound', ''],
    ...report.checks.map(({ name, value, unit, bound, ok, reason }) => [
      name,
      value === null ? '-' : `${value} ${unit}`,
      bound,
      reason === undefined ? mark(ok, value) : `${mark(ok, value)}: ${reason}`,
    ]),
  ]);
}
