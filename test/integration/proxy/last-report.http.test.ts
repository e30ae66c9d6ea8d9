/** The last counts of a proxy reach the control plane even when a report is in progress while it stops. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProxyReport } from '@ficus/core';
import { expect, test } from 'vitest';
import { ControlLink } from '../../../proxy/link/control-link.ts';

const counts = (requests: number) => ({
  traffic: [
    {
      slice: 'notes',
      route: 'list',
      side: 'legacy',
      reason: 'pinned',
      requests,
      failures: 0,
      durationMs: 1,
    } as const,
  ],
  durations: [],
  droppedCopies: [],
  plain: {},
});

test('stop waits for the current report and sends later counts', async () => {
  const reports: ProxyReport[] = [];
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(404).end();
      return;
    }
    let text = '';
    request.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    request.on('end', () => {
      reports.push(JSON.parse(text) as ProxyReport);
      if (reports.length === 1) held.push(response);
      else response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link = new ControlLink({
    controlUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: {},
    proxyId: 'p',
    onState: () => {},
    onProgress: () => {},
    onUp: () => {},
    onDown: () => {},
    onRefused: () => {},
    facts: () => ({ workers: 1, epochs: {} }),
  });
  try {
    link.addCounts(counts(1));
    void link.report();
    await expect.poll(() => held.length).toBe(1);
    link.addCounts(counts(2));
    const stopped = link.stop();
    held[0]!.writeHead(204).end();
    await stopped;
    expect(reports.map(({ traffic }) => traffic[0]?.requests)).toEqual([1, 2]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
