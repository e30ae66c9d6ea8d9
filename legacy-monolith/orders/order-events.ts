/**
 * Live events of orders: one connection LISTENs to `order_state` for all watchers.
 *
 * PostgreSQL by design drops notifications sent while the connection was down; after each reconnection the watchers
 * must read the state again (`onGap`).
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { OrderState } from './order-states.ts';

export interface OrderEvent {
  readonly id: number;
  readonly state: OrderState;
  /** ISO 8601. */
  readonly at: string;
}

interface OrderWatcher {
  onEvent(event: OrderEvent): void;
  /** Events may have been missed: read the order again. */
  onGap(): void;
}

export interface OrderEvents {
  /** Starts watching; returns the function that stops it. */
  watch(orderId: number, watcher: OrderWatcher): () => void;
  close(): Promise<void>;
}

export function listenToOrders(url: string, onTrouble: (error: Error) => void): OrderEvents {
  const watchers = new Map<number, Set<OrderWatcher>>();
  const stopping = new AbortController();
  let connected: pg.Client | undefined;

  const deliver = (payload: string | undefined) => {
    const event = parseEvent(payload);
    for (const watcher of (event && watchers.get(event.id)) ?? []) if (event) watcher.onEvent(event);
  };

  /** Connects and listens until the connection ends; resolves then. */
  const listenOnce = async (afterGap: boolean) => {
    const listener = new pg.Client({
      connectionString: url,
      application_name: 'shop order events',
      keepAlive: true,
      connectionTimeoutMillis: 5000,
    });
    const ended = new Promise<void>((resolve) => {
      listener.on('error', onTrouble);
      listener.on('end', () => resolve());
    });
    listener.on('notification', ({ payload }) => deliver(payload));
    await listener.connect();
    connected = listener;
    if (stopping.signal.aborted) return listener.end();
    await listener.query('LISTEN order_state');
    if (afterGap) for (const group of watchers.values()) for (const watcher of group) watcher.onGap();
    await ended;
    connected = undefined;
  };

  const running = (async () => {
    let afterGap = false;
    while (!stopping.signal.aborted) {
      await listenOnce(afterGap).catch(onTrouble);
      afterGap = true;
      await delay(500, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  return {
    watch: (orderId, watcher) => {
      const group = watchers.get(orderId) ?? new Set();
      watchers.set(orderId, group.add(watcher));
      return () => {
        group.delete(watcher);
        if (group.size === 0 && watchers.get(orderId) === group) watchers.delete(orderId);
      };
    },
    close: async () => {
      stopping.abort();
      await connected?.end().catch(() => undefined);
      await running;
    },
  };
}

function parseEvent(payload: string | undefined): OrderEvent | undefined {
  if (!payload) return undefined;
  const { id, state, at } = JSON.parse(payload) as OrderEvent;
  return { id, state, at: new Date(at).toISOString() };
}
