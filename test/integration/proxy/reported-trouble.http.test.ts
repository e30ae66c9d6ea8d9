/** What is wrong with a proxy is reported while it lasts: a control plane forgets a proxy that is silent. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ControlLink, type ReportFacts } from '../../../proxy/link/control-link.ts';

const REFUSED = { since: '2026-01-01T00:00:00.000Z', count: 1, problems: [] };

test.each<[string, Partial<ReportFacts>, number]>([
  ['nothing', {}, 1],
  ['a refused config', { configRefused: REFUSED }, 3],
  ['an open breaker', { breakersOpen: { notes: 1 } }, 3],
])(
  'without traffic, and with %s (%o): three looks lead to %d report(s), or more by the timer',
  async (_, facts, expected) => {
    let reports = 0;
    const server = createServer((request, response) => {
      if (request.method === 'POST') {
        reports += 1;
        response.writeHead(204).end();
      } else response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const up = Promise.withResolvers<void>();
    const link = new ControlLink({
      controlUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      headers: {},
      proxyId: 'p',
      onState: () => {},
      onProgress: () => {},
      onUp: () => up.resolve(),
      onDown: () => {},
      onRefused: () => {},
      facts: () => ({ workers: 1, epochs: {}, ...facts }),
    });
    try {
      await up.promise;
      for (let look = 0; look < 3; look++) await link.report();
      if (expected === 1) expect(reports).toBe(1);
      else expect(reports).toBeGreaterThanOrEqual(expected);
    } finally {
      await link.stop();
      server.closeAllConnections();
      server.close();
    }
  },
);
