/** Gathers the counts and differences of a run, and reports its progress after each range. */
import type { TablePlan } from '../mapping/table-plan.ts';
import type { VerifyOptions, VerifySettings } from './verify-options.ts';
import type { Difference, TableReport, VerifyReport, VerifyResume } from './verify-report.ts';
import { emptyReport } from './verify-table.ts';

export class ReportBuilder {
  readonly #options: VerifyOptions;
  readonly #settings: VerifySettings;
  readonly #plans: readonly TablePlan[];
  readonly #rowsTotal: number;
  readonly #started = Date.now();
  readonly #startedMs = performance.now();
  readonly #tables: TableReport[];
  readonly #differences: Difference[];
  #differencesNotListed: number;
  #current: VerifyResume['current'];
  #position: string | undefined;
  #reason: string | undefined;
  #nothingChanged = false;
  #changesUnknown = false;
  #rowsBefore = 0;

  constructor(
    options: VerifyOptions,
    settings: VerifySettings,
    plans: readonly TablePlan[],
    rowsTotal: number,
  ) {
    this.#options = options;
    this.#settings = settings;
    this.#plans = plans;
    this.#rowsTotal = rowsTotal;
    this.#tables = [...(options.resume?.tables ?? [])];
    this.#differences = [...(options.resume?.differences ?? [])];
    this.#differencesNotListed = options.resume?.differencesNotListed ?? 0;
    this.#current = options.resume?.current;
    this.#rowsBefore = this.#rows().source;
  }

  isDone(plan: TablePlan): boolean {
    return this.#tables.some((table) => table.to === plan.target.qualifiedName);
  }

  addRange(
    report: TableReport,
    after: readonly string[] | undefined,
    found: readonly Difference[],
    lsn: string,
  ): void {
    for (const difference of found) {
      if (this.#differences.length < this.#settings.maxListed) this.#differences.push(difference);
      else this.#differencesNotListed += 1;
    }
    this.#position ??= lsn;
    this.#current = after ? { report, after } : undefined;
    const rowsCompared = this.#rows().source + (after ? 0 : report.rowsSource);
    this.#options.onProgress?.({
      table: report.to,
      rowsCompared,
      rowsTotal: Math.max(this.#rowsTotal, rowsCompared),
      rowsPerSecond: this.#rate(rowsCompared),
      differences: this.#differences.length + this.#differencesNotListed,
      resume: this.#resume(after ? [] : [report]),
    });
  }

  finishTable(report: TableReport): void {
    // Interrupted between two ranges: the table remains the current one.
    if (this.#current && !report.complete && this.#options.signal?.aborted) return;
    this.#current = undefined;
    this.#tables.push(report);
  }

  /** Call when the run ends before everything was compared. */
  stop(reason: string): void {
    this.#reason = reason;
  }

  stopUnchanged(): void {
    this.#nothingChanged = true;
    this.stop('No row has changed since the last full comparison.');
  }

  stopUnknown(): void {
    this.#changesUnknown = true;
    this.stop(
      'Changed rows are unknown: no full comparison has run since the stream started in this process.',
    );
  }

  /** @param fixedAt the one position at which both sides were compared, if there was one */
  report(fixedAt?: string): VerifyReport {
    const seen = [...this.#tables, ...(this.#current ? [this.#current.report] : [])];
    const tables = this.#plans.map(
      (plan) => seen.find((table) => table.to === plan.target.qualifiedName) ?? emptyReport(plan),
    );
    const unsettled = tables.reduce((sum, table) => sum + table.unsettled, 0);
    const wrong = tables.reduce((sum, table) => sum + table.missing + table.extra + table.different, 0);
    const whole = tables.length > 0 && tables.every((table) => table.complete);
    const reason =
      this.#reason ??
      (unsettled > 0 ? `${unsettled} rows changed on every read.` : undefined) ??
      (whole ? undefined : tables.length === 0 ? 'The slice has no tables.' : 'Not every row was compared.');
    const rowsCompared = this.#rows();
    return {
      slice: this.#options.slice,
      mode: modeOf(this.#options.mode),
      verdict: wrong > 0 ? 'mismatch' : reason === undefined ? 'match' : 'inconclusive',
      reason,
      nothingChanged: this.#nothingChanged,
      changesUnknown: this.#changesUnknown,
      tables,
      rowsCompared,
      differences: this.#differences,
      differencesNotListed: this.#differencesNotListed,
      position: fixedAt ?? this.#position,
      atOnePosition: fixedAt !== undefined,
      startedAt: new Date(this.#started).toISOString(),
      durationMs: Math.round(performance.now() - this.#startedMs),
      rowsPerSecond: Math.round(this.#rate(rowsCompared.source)),
      resume: this.#reason === undefined ? undefined : this.#resume([]),
    };
  }

  #rows(): { source: number; target: number } {
    const all = [...this.#tables, ...(this.#current ? [this.#current.report] : [])];
    return {
      source: all.reduce((sum, table) => sum + table.rowsSource, 0),
      target: all.reduce((sum, table) => sum + table.rowsTarget, 0),
    };
  }

  #rate(rowsCompared: number): number {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    return seconds > 0 ? (rowsCompared - this.#rowsBefore) / seconds : 0;
  }

  #resume(finished: readonly TableReport[]): VerifyResume {
    return {
      tables: [...this.#tables, ...finished],
      differences: [...this.#differences],
      differencesNotListed: this.#differencesNotListed,
      current: this.#current,
    };
  }
}

function modeOf(mode: VerifyOptions['mode']): VerifyReport['mode'] {
  if (typeof mode === 'string') return mode;
  return 'sample' in mode ? 'sample' : 'keys';
}
