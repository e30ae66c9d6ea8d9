/** Prometheus text format 0.0.4, written by hand: a handful of gauges and counters need no library. */
import { VERDICT_KINDS } from '@ficus/core';
import { buildSliceView, type SliceParts } from '../views/build-slice-view.ts';

type Labels = Readonly<Record<string, string>>;

class MetricFamily {
  readonly #lines: string[] = [];
  readonly #name: string;

  constructor(name: string, type: 'gauge' | 'counter', help: string) {
    this.#name = name;
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  add(labels: Labels, value: number | null | undefined): void {
    if (value === null || value === undefined) return;
    const text = Object.entries(labels).map(([name, content]) => `${name}="${escapeLabel(content)}"`);
    this.#lines.push(`${this.#name}${text.length === 0 ? '' : `{${text.join(',')}}`} ${value}`);
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}

/** All metrics of the control plane. */
export function metricsText(parts: SliceParts): string {
  const families = {
    up: new MetricFamily('ficus_stream_healthy', 'gauge', '1 while the change stream makes progress'),
    lagBytes: new MetricFamily('ficus_replication_lag_bytes', 'gauge', 'WAL not yet applied'),
    lagSeconds: new MetricFamily(
      'ficus_replication_lag_seconds',
      'gauge',
      'Age of the newest applied heartbeat in seconds',
    ),
    transactions: new MetricFamily(
      'ficus_transactions_applied_total',
      'counter',
      'Source transactions applied',
    ),
    rows: new MetricFamily('ficus_rows_applied_total', 'counter', 'Rows applied'),
    copyRows: new MetricFamily('ficus_copy_rows', 'gauge', 'Rows of the first copy'),
    copyTotal: new MetricFamily(
      'ficus_copy_rows_expected',
      'gauge',
      'Rows of the first copy in total, estimated from the catalog',
    ),
    copyLeft: new MetricFamily(
      'ficus_copy_seconds_left',
      'gauge',
      'Time left for the first copy at its current rate',
    ),
    lagTransactions: new MetricFamily(
      'ficus_replication_lag_transactions',
      'gauge',
      'Transactions received and not yet applied',
    ),
    missingDeletes: new MetricFamily(
      'ficus_missing_deletes_total',
      'counter',
      'Deletes of rows that the candidate did not have',
    ),
    slotRetained: new MetricFamily(
      'ficus_slot_retained_bytes',
      'gauge',
      'WAL that the source keeps for the stream',
    ),
    leftover: new MetricFamily(
      'ficus_leftover_slots',
      'gauge',
      'Slots and publications that no slice uses; owner unknown: perhaps another installation’s',
    ),
    leftoverRetained: new MetricFamily(
      'ficus_leftover_slot_retained_bytes',
      'gauge',
      'WAL that a source keeps for a slot that no slice uses',
    ),
    rollbackReady: new MetricFamily(
      'ficus_rollback_ready',
      'gauge',
      '1 while there is a way back that loses nothing; 0 when there is none, or it is not known',
    ),
    slotRoom: new MetricFamily('ficus_slot_room_bytes', 'gauge', 'WAL until the source invalidates the slot'),
    verdicts: new MetricFamily(
      'ficus_parity_verdicts_total',
      'counter',
      'Comparisons by verdict, this window',
    ),
    refused: new MetricFamily(
      'ficus_reports_refused_total',
      'counter',
      'Reports refused because they do not fit the config',
    ),
    flags: new MetricFamily('ficus_flag_percent', 'gauge', 'Share that a flag sets'),
    failing: new MetricFamily(
      'ficus_candidate_failing',
      'gauge',
      '1 while the candidate does not answer, or with errors',
    ),
    legacy: new MetricFamily(
      'ficus_legacy_failing_checks',
      'gauge',
      'Proxies whose health checks of the legacy fail',
    ),
    epoch: new MetricFamily('ficus_slice_epoch', 'gauge', 'Grows with each change of owner'),
    requests: new MetricFamily('ficus_reported_requests_total', 'counter', 'Requests the proxies reported'),
    failures: new MetricFamily(
      'ficus_reported_failures_total',
      'counter',
      'Failed requests the proxies reported',
    ),
    seconds: new MetricFamily('ficus_reported_seconds_total', 'counter', 'Time spent in the requests'),
    writersUnexplained: new MetricFamily(
      'ficus_writers_unexplained',
      'gauge',
      'Writers of the slice’s tables that are not explained, while they are observed',
    ),
    writersObserved: new MetricFamily(
      'ficus_writers_observed_seconds',
      'gauge',
      'How long writers have been observed',
    ),
    configRefused: new MetricFamily(
      'ficus_config_refused',
      'gauge',
      '1 while the config file is refused, or waits for a restart, and an older config runs',
    ),
  };
  families.configRefused.add({}, parts.runningConfig.view.refused === null ? 0 : 1);
  for (const { kind, reason, count } of parts.parity.refused.counts)
    families.refused.add({ kind, reason }, count);
  for (const { slot, slice, retainedBytes } of parts.sourceWatch.leftovers()) {
    const labels = { slot, slice: slice ?? '', owner: slice === undefined ? 'unknown' : 'ours' };
    families.leftover.add(labels, 1);
    families.leftoverRetained.add(labels, retainedBytes);
  }
  families.legacy.add({}, parts.legacy.failingChecks(Date.now()));
  for (const name of Object.keys(parts.config.slices)) addSlice(families, parts, name);
  for (const { slice, route, side, reason, requests, failures, durationMs } of parts.traffic.totalCounts()) {
    const labels = { slice, route, side, reason };
    families.requests.add(labels, requests);
    families.failures.add(labels, failures);
    families.seconds.add(labels, durationMs / 1000);
  }
  return `${Object.values(families).join('\n')}\n`;
}

type Family =
  | 'up'
  | 'lagBytes'
  | 'lagSeconds'
  | 'transactions'
  | 'rows'
  | 'copyRows'
  | 'copyTotal'
  | 'copyLeft'
  | 'lagTransactions'
  | 'missingDeletes'
  | 'slotRetained'
  | 'slotRoom'
  | 'rollbackReady'
  | 'verdicts'
  | 'flags'
  | 'failing'
  | 'epoch'
  | 'writersUnexplained'
  | 'writersObserved';

function addSlice(families: Readonly<Record<Family, MetricFamily>>, parts: SliceParts, slice: string): void {
  const view = buildSliceView(parts, slice);
  if (!view) return;
  families.epoch.add({ slice, owner: view.owner ?? 'none' }, view.epoch);
  families.rollbackReady.add({ slice }, view.rollback.answer === 'pass' ? 1 : 0);
  families.failing.add({ slice }, view.candidate.state === 'fails' ? 1 : 0);
  families.flags.add({ slice, flag: 'serve' }, view.flags.serve.percent);
  families.flags.add({ slice, flag: 'shadow' }, view.flags.shadow.percent);
  for (const [route, counts] of Object.entries(view.parity.routes))
    for (const kind of VERDICT_KINDS) families.verdicts.add({ slice, route, verdict: kind }, counts[kind]);
  if (view.writers?.observing) {
    families.writersUnexplained.add({ slice }, view.writers.unexplained);
    families.writersObserved.add({ slice }, view.writers.observedMs / 1000);
  }
  const { replication } = view;
  if (!replication) return;
  families.up.add({ slice }, replication.healthy ? 1 : 0);
  families.lagBytes.add({ slice }, replication.lagBytes);
  families.lagSeconds.add({ slice }, replication.lagMs / 1000);
  families.transactions.add({ slice }, replication.transactionsApplied);
  families.rows.add({ slice }, replication.rowsApplied);
  families.copyRows.add({ slice }, replication.copy?.rowsCopied);
  families.copyTotal.add({ slice }, replication.copy?.rowsTotal);
  const left = replication.copy?.timeLeftMs ?? null;
  families.copyLeft.add({ slice }, left === null ? null : left / 1000);
  families.lagTransactions.add({ slice }, replication.lagTransactions);
  families.missingDeletes.add({ slice }, replication.missingDeletes);
  families.slotRetained.add({ slice }, replication.slot?.retainedBytes);
  families.slotRoom.add({ slice }, replication.slot?.roomBytes);
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
