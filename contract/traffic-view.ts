/** What the API returns about a slice's traffic, and about the proxies that report it. */
import { z } from 'zod';
import { count, isoTime } from './common-view.ts';
import { configRefusalView } from './config-view.ts';

/** In words that page and terminal show as they are. */
export const UNMEASURED = [
  'no traffic',
  'measuring since the flag changed',
  'no request since the flag changed',
  'no request that the flag decides',
] as const;

export type Unmeasured = (typeof UNMEASURED)[number];

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
  candidateSharePercent: z
    .number()
    .nullable()
    .describe('of the requests that the serve flag decides, as measured; null while it is not'),
  measuredRequests: count.describe('requests that the measured share is of'),
  unmeasured: z.enum(UNMEASURED).nullable().describe('why no share is measured'),
  outsideRequests: count.describe('requests in the window that no route of any slice matched'),
  shareSeconds: z.int().describe('period of the measured share: at most since the serve flag changed'),
});

export const proxyView = z.object({
  proxyId: z
    .string()
    .describe('unique per run of a proxy; behind the name of its token, where there are tokens'),
  name: z.string().nullable().describe('its machine, and the address that it listens at'),
  workers: z.int(),
  epochs: z.record(z.string(), z.int()),
  configRefused: configRefusalView.nullable().describe('null while it runs the config of its file'),
  lastReportAt: isoTime,
});

export type ProxyInfo = z.output<typeof proxyView>;
