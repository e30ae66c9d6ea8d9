/** The document of the benchmark: a check for each bound, figures for the rest (the shape all benches share). */
export interface Check {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly bound: string;
  /** null: could not be measured here; `reason` says why. */
  readonly ok: boolean | null;
  readonly reason?: string;
}

export interface Report {
  ok: boolean;
  readonly checks: Check[];
  readonly figures: Record<string, unknown>;
}

export function newReport(): Report {
  return { ok: true, checks: [], figures: {} };
}

export function addCheck(
  report: Report,
  name: string,
  value: number,
  unit: string,
  bound: { readonly atLeast?: number; readonly below?: number },
): void {
  const ok =
    (bound.atLeast === undefined || value >= bound.atLeast) &&
    (bound.below === undefined || value < bound.below);
  const text = bound.atLeast === undefined ? `< ${bound.below}` : `≥ ${bound.atLeast}`;
  report.checks.push({ name, value: Math.round(value * 100) / 100, unit, bound: text, ok });
  if (!ok) report.ok = false;
}

export function addMissing(report: Report, name: string, unit: string, bound: string, reason: string): void {
  report.checks.push({ name, value: null, unit, bound, ok: null, reason });
}

export function formatChecks(report: Report): string {
  const lines = report.checks.map((check) => {
    const mark = check.ok === null ? '–' : check.ok ? '✓' : '✗';
    return `${mark} ${check.name}: ${check.value ?? check.reason} ${check.value === null ? '' : check.unit} (${check.bound})`;
  });
  return [...lines, JSON.stringify(report.figures, null, 2)].join('\n');
}
