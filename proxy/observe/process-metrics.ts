/**
 * What every Prometheus client library says of its process, and the build: Prometheus text format 0.0.4, names as in
 * https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics. Used by proxy and control plane.
 */
import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { readFileLimit } from './file-limit.ts';
import { VERSION } from './version.ts';

type Line = readonly [name: string, type: 'gauge' | 'counter', help: string, value: number | undefined];

/** @param service `ficus-proxy` or `ficus-control` */
export function processMetricsText(service: string): string {
  const build = `ficus_build_info{service="${service}",version="${VERSION}",node="${process.versions.node}"}`;
  const lines: readonly Line[] = [
    [build, 'gauge', 'The running version; always 1.', 1],
    [
      'process_cpu_seconds_total',
      'counter',
      'User and system CPU time of this process in seconds.',
      ownCpuSeconds(),
    ],
    ['process_resident_memory_bytes', 'gauge', 'Resident memory of this process in bytes.', residentBytes()],
    [
      'process_heap_bytes',
      'gauge',
      'Heap used by JavaScript objects of this process in bytes.',
      getHeapStatistics().used_heap_size,
    ],
    [
      'process_start_time_seconds',
      'gauge',
      'Start of this process in seconds since the epoch.',
      performance.timeOrigin / 1000,
    ],
    ['process_open_fds', 'gauge', 'Open file descriptors of this process.', openFiles()],
    ['process_max_fds', 'gauge', 'File descriptors that this process may open.', readFileLimit()],
  ];
  return lines.map(textOf).join('');
}

/** User and system CPU time of this process in seconds. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Resident memory of this process; undefined while no descriptor is left to read it. */
export function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

/** What cannot be known here is left out. */
function textOf([series, type, help, value]: Line): string {
  const name = series.split('{', 1)[0];
  return value === undefined ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${series} ${value}\n`;
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
