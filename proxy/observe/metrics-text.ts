/**
 * Totals over all workers, and their text for Prometheus (exposition format 0.0.4). Kept in the primary.
 * Requests outside any slice have an empty slice label.
 */
import type { DroppedCopies, TrafficCount } from '@ficus/core';
import { BUCKET_BOUNDS_MS, type CountersDelta, type DurationDelta } from './traffic-counters.ts';

interface Family {
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
}

/** Families of plain series; a series begins with its family's name. */
const FAMILIES: Readonly<Record<string, Family>> = {
  ficus_requests_total: { type: 'counter', help: 'Requests answered, by slice, route, side and reason.' },
  ficus_request_failures_total: { type: 'counter', help: 'Answers of 500 and above, and failed exchanges.' },
  ficus_request_duration_seconds: { type: 'histogram', help: 'Time from the request head to the end.' },
  ficus_refused_total: { type: 'counter', help: 'Requests refused by the proxy, by reason.' },
  ficus_admin_refused_total: {
    type: 'counter',
    help: 'Requests refused by the admin address: wrong tokens, pages of other sites, foreign names, by reason.',
  },
  ficus_max_forwards_total: {
    type: 'counter',
    help: 'OPTIONS answered by the proxy, because Max-Forwards was 0.',
  },
  ficus_upstream_failures_total: {
    type: 'counter',
    help: 'Failed exchanges by upstream, side, phase and cause.',
  },
  ficus_retries_total: { type: 'counter', help: 'Attempts beyond the first, by slice and kind.' },
  ficus_shadow_copies_total: { type: 'counter', help: 'Shadow copies sent, by slice and result.' },
  ficus_shadow_dropped_total: { type: 'counter', help: 'Shadow copies not made or not compared, by reason.' },
  ficus_introspections_total: {
    type: 'counter',
    help: 'Identity questions to the legacy, by outcome: asked, and of these failed, or unnamed (without what the config looks for); refused (not asked: too many).',
  },
  ficus_unidentified_requests_total: {
    type: 'counter',
    help: 'Requests of a slice whose caller has no name: anonymous (the flag decides; below 100 % the legacy), or unknown just now (the legacy).',
  },
  ficus_identity_problems_total: {
    type: 'counter',
    help: 'Times that an answer of the legacy, a token or the issuer did not say who calls, by source.',
  },
  ficus_breaker_changes_total: { type: 'counter', help: 'Changes of a breaker, by upstream and new state.' },
  ficus_outlier_ejections_total: {
    type: 'counter',
    help: 'Times that one of several addresses was ejected, by upstream and reason, in each worker.',
  },
  ficus_outlier_returns_total: {
    type: 'counter',
    help: 'Times that an ejected address returned after a successful probe.',
  },
  ficus_pin_overflows_total: {
    type: 'counter',
    help: 'Times all users of a slice were pinned: too many pins, or a writer that could not be identified.',
  },
  ficus_pin_waits_expired_total: {
    type: 'counter',
    help: 'Writes sent before all workers had confirmed their pin, because the wait expired.',
  },
  ficus_held_writes_total: {
    type: 'counter',
    help: 'Writes held while an owner changes, by slice and outcome: released, abandoned, expired, full, closed.',
  },
  ficus_log_lines_dropped_total: {
    type: 'counter',
    help: 'Log lines dropped because standard output was not read in time.',
  },
  ficus_worker_restarts_total: {
    type: 'counter',
    help: 'Workers that exited unexpectedly and were restarted.',
  },
  ficus_config_generation: { type: 'gauge', help: 'Generation of the config that all workers run.' },
  ficus_config_refused: {
    type: 'gauge',
    help: '1 while the config file, or a file that it names, is refused, or waits for a restart, and an older one is in use.',
  },
  ficus_workers: { type: 'gauge', help: 'Workers that serve.' },
  ficus_flags_last_known: {
    type: 'gauge',
    help: '1 while flags of an earlier run are in use, because their source has not answered since the start.',
  },
  ficus_control_connected: { type: 'gauge', help: '1 while the control plane is connected.' },
  ficus_tls_certificate_expiration_timestamp_seconds: {
    type: 'gauge',
    help: 'When the certificate of a listener, or the first of its chain, expires, in seconds since the epoch.',
  },
  ficus_tls_certificate_refused: {
    type: 'gauge',
    help: '1 while the files of a listener’s certificate cannot be used as they are, and an older one serves.',
  },
  ficus_workers_cpu_seconds_total: {
    type: 'counter',
    help: 'User and system CPU time in seconds, over all workers that serve now.',
  },
  ficus_workers_resident_memory_bytes: { type: 'gauge', help: 'Resident memory, over all workers.' },
  ficus_held_writes: { type: 'gauge', help: 'Writes that wait now for their slice to be released.' },
  ficus_writes_in_flight: {
    type: 'gauge',
    help: 'Writes of a slice sent to its owner that have not ended, or may still be executed.',
  },
  ficus_attempt: {
    type: 'gauge',
    help: 'Number of the cutover or rollback under way, by slice and what becomes of its writes: leased, held.',
  },
  ficus_lease_seconds: {
    type: 'gauge',
    help: 'How long writes of a slice under a cutover may be sent unless the lease is renewed.',
  },
  ficus_client_connections: { type: 'gauge', help: 'Connections of clients, over all workers.' },
  ficus_requests_in_progress: {
    type: 'gauge',
    help: 'Requests that have begun and are not over, event streams and upgrades included, over all workers.',
  },
  ficus_buffered_bytes: {
    type: 'gauge',
    help: 'Bytes of bodies and copies held, over all workers; limits.bufferedBytes is for each.',
  },
  ficus_upstream_connections: {
    type: 'gauge',
    help: 'Connections to an upstream, by state. `upstream` is `legacy` or a slice’s name (`legacy/candidate` for a slice named legacy); NAME/copies counts connections for shadow copies and repeated requests.',
  },
  ficus_upstream_pending: { type: 'gauge', help: 'Requests that wait for a connection.' },
  ficus_upstream_addresses_out: {
    type: 'gauge',
    help: 'Addresses that are ejected, or avoided because their health checks fail, now, over all workers.',
  },
  ficus_upstream_healthy: {
    type: 'gauge',
    help: '1 while the health checks of an address pass, 0 while they fail; absent until they say either.',
  },
  ficus_health_checks_total: {
    type: 'counter',
    help: 'Health checks sent, by upstream and result: passed or failed.',
  },
  ficus_breakers_open: { type: 'gauge', help: 'Workers whose breaker for the upstream is not closed.' },
  ficus_breakers_on_errors: {
    type: 'gauge',
    help: 'Workers whose breaker for the candidate is not closed because it answers with 500 and above.',
  },
  ficus_pins: { type: 'gauge', help: 'Users whose reads are pinned to the owner.' },
};

export class MetricTotals {
  readonly #series = new Map<string, number>();
  readonly #durations = new Map<string, { counts: number[]; sumMs: number }>();

  add(delta: CountersDelta): void {
    for (const count of delta.traffic) this.#addTraffic(count);
    for (const duration of delta.durations) this.#addDuration(duration);
    for (const dropped of delta.droppedCopies) this.#addDropped(dropped);
    for (const [series, amount] of Object.entries(delta.plain)) this.#add(series, amount);
  }

  increment(series: string): void {
    this.#add(series, 1);
  }

  /** @param gauges current values, by series */
  text(gauges: Readonly<Record<string, number>> = {}): string {
    const byFamily = new Map<string, string[]>();
    const lineOf = (series: string, value: number): void => {
      const family = series.replace(/\{.*$/, '');
      const lines = byFamily.get(family) ?? [];
      lines.push(`${series} ${value}`);
      byFamily.set(family, lines);
    };
    for (const [series, value] of this.#series) lineOf(series, value);
    for (const [series, value] of Object.entries(gauges)) lineOf(series, value);
    const histogram = [...this.#durations].flatMap(([labels, value]) => histogramLines(labels, value));
    if (histogram.length > 0) byFamily.set('ficus_request_duration_seconds', histogram);
    return [...byFamily].map(([family, lines]) => `${head(family)}${lines.join('\n')}\n`).join('');
  }

  #addTraffic(count: TrafficCount): void {
    const labels = `slice="${count.slice}",route="${count.route}",side="${count.side}",reason="${count.reason}"`;
    this.#add(`ficus_requests_total{${labels}}`, count.requests);
    if (count.failures > 0) this.#add(`ficus_request_failures_total{${labels}}`, count.failures);
  }

  #addDropped({ slice, reason, copies }: DroppedCopies): void {
    this.#add(`ficus_shadow_dropped_total{slice="${slice}",reason="${reason}"}`, copies);
  }

  #addDuration({ slice, side, counts, sumMs }: DurationDelta): void {
    const labels = `slice="${slice}",side="${side}"`;
    const total = this.#durations.get(labels) ?? { counts: counts.map(() => 0), sumMs: 0 };
    total.counts = total.counts.map((before, bucket) => before + counts[bucket]!);
    total.sumMs += sumMs;
    this.#durations.set(labels, total);
  }

  #add(series: string, amount: number): void {
    this.#series.set(series, (this.#series.get(series) ?? 0) + amount);
  }
}

function head(family: string): string {
  const known = FAMILIES[family];
  return known ? `# HELP ${family} ${known.help}\n# TYPE ${family} ${known.type}\n` : '';
}

function histogramLines(labels: string, { counts, sumMs }: { counts: number[]; sumMs: number }): string[] {
  let cumulative = 0;
  const buckets = counts.map((count, bucket) => {
    cumulative += count;
    const bound = BUCKET_BOUNDS_MS[bucket];
    const le = bound === undefined ? '+Inf' : String(bound / 1000);
    return `ficus_request_duration_seconds_bucket{${labels},le="${le}"} ${cumulative}`;
  });
  return [
    ...buckets,
    `ficus_request_duration_seconds_sum{${labels}} ${sumMs / 1000}`,
    `ficus_request_duration_seconds_count{${labels}} ${cumulative}`,
  ];
}
