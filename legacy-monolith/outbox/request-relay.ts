/**
 * Posts requests for notifications to the API of notifications. Each is posted until it was answered, so it may arrive
 * twice, and the API takes it once. A proxy that holds writes, or refuses them for a while, only delays it.
 *
 * Two ways: `hurry`, after an order, posts in the customer's name and before they are answered, so that a proxy in front
 * knows whose write it was and shows it to them; all else, and what that way left, is posted in the background.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@ficus-sample/chassis/database.ts';
import { INTERNAL_TOKEN_HEADER } from '@ficus-sample/chassis/internal-token.ts';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { NotificationRequest } from '../notifications/take-requests.ts';
import { inTheNameOf, type NotificationsClient } from './notifications-client.ts';
import { pauseAfter } from './pause-after.ts';
import { claimRequests, releaseRequests, removeRequests, requestsOf } from './pending-requests.ts';

interface RelayParts {
  readonly db: Database;
  readonly notifications: NotificationsClient;
  readonly token: string;
  readonly log: FastifyBaseLogger;
}

/** A customer who has ordered waits no longer for the post. */
const PATIENCE_MS = 200;

export class RequestRelay {
  readonly #parts: RelayParts;
  readonly #stopping = new AbortController();
  readonly #hurried = new Set<Promise<void>>();
  #running = Promise.resolve();

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  /** Begins to post in the background. */
  start(): void {
    this.#running = this.#run();
  }

  /**
   * Posts what the customer's orders have asked for. Waits for it for a moment, and never fails: an order is placed even
   * when no notification of it can be made now.
   */
  async hurry(request: FastifyRequest, customerId: number): Promise<void> {
    const posting = this.#postOf(request, customerId)
      .catch((error: unknown) => request.log.debug({ err: error }, 'notification requests are posted later'))
      .finally(() => this.#hurried.delete(posting));
    this.#hurried.add(posting);
    await Promise.race([posting, delay(PATIENCE_MS, undefined, { ref: false })]);
  }

  /** Ends the posts under way; their requests stay. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#running, ...this.#hurried]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      let posted = 0;
      try {
        posted = await this.#postDue();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (!signal.aborted)
          this.#parts.log.warn({ err: error, failures }, 'notification requests not posted');
      }
      await delay(pauseAfter(posted, failures), undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns how many there were */
  async #postDue(): Promise<number> {
    const { db } = this.#parts;
    const requests = await claimRequests(db);
    if (requests.length === 0) return 0;
    try {
      await this.#post(requests, {});
    } catch (error) {
      await releaseRequests(db, requests);
      throw error;
    }
    return requests.length;
  }

  async #postOf(request: FastifyRequest, customerId: number): Promise<void> {
    const requests = await requestsOf(this.#parts.db, customerId);
    if (requests.length > 0) await this.#post(requests, inTheNameOf(request));
  }

  async #post(
    requests: readonly NotificationRequest[],
    headers: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { db, notifications, token } = this.#parts;
    const { status, body } = await notifications.call({
      method: 'POST',
      path: '/internal/notifications',
      headers: { ...headers, [INTERNAL_TOKEN_HEADER]: token },
      json: { requests },
      signal: this.#stopping.signal,
    });
    // Not any 200: an address that leads elsewhere must not make them disappear.
    if (status !== 200 || (body as { taken?: unknown } | undefined)?.taken !== requests.length)
      throw new Error(`the API of notifications answered ${status}`);
    await removeRequests(db, requests);
  }
}
