/** What the API returns about a slice's traffic, and about the proxies that report it. */
import { z } from 'zod';
import { count, isoTime } from './common-view.ts';

const sideTraffic = z.object({
  requests: count,
  failures: count.describe('answers of 500 and above, and exchanges that failed'),
  meanMs: z.number().nullable(),
});

export const trafficView = z.object({
  windowSeconds: z.int(),
  legacy: sideTraffic,
  candidate: sideTraffic,
  reasons: z.record(z.string(), count).describe('why a side served'),
  candidateSharePercent: z.number().nullable().describe('of reads, as measured; null without traffic'),
  shareSeconds: z.int().describe('period of the measured share: at most since the serve flag changed'),
});

export const proxyView = z.object({
  proxyId: z.string(),
  workers: z.int(),
  epochs: z.record(z.string(), z.int()),
  lastReportAt: isoTime,
});

export type ProxyInfo = z.output<typeof proxyView>;
