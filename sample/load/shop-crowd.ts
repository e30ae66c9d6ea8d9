/**
 * Logged-in users of the shop and their actions: read their inbox, mark things read, change preferences, browse, order.
 * After each of their writes to the slice they check at once whether they can see it. One user does one thing at a
 * time, as people do.
 */
import type { ShopUser } from './log-in.ts';
import { KINDS, type Kind, type Mix, STRIDE, WEIGHTS } from './mix.ts';
import type { ShopClient, ShopRequest, ShopResponse } from './shop-client.ts';
import type { Counter } from './tally.ts';
import { markKey, orderKey, preferencesKey } from './write-keys.ts';
import { onMachineClock, type WriteRecord } from './write-record.ts';

type Action = (user: ShopUser) => Promise<unknown>;

interface Notification {
  readonly id: number;
  readonly read: boolean;
}

interface Inbox {
  readonly items: readonly Notification[];
  readonly unread: number;
}

interface Preferences {
  readonly channels: Readonly<Record<string, boolean>>;
  readonly mutedKinds: readonly string[];
  readonly quietHours: { readonly from: string; readonly to: string } | null;
}

export class ShopCrowd {
  /** Everything that was written into the slice, and acknowledged or not. */
  readonly writes: WriteRecord[] = [];
  mix: Mix = 'everyday';
  readonly #client: ShopClient;
  readonly #counter: Counter;
  readonly #idle: ShopUser[];
  /** An action is listed as often as it is to be drawn. */
  readonly #actions: Readonly<Record<Mix, readonly Action[]>>;
  #draws = 0;

  constructor(client: ShopClient, users: readonly ShopUser[], counter: Counter) {
    this.#client = client;
    this.#counter = counter;
    this.#idle = [...users];
    const actions: Readonly<Record<Kind, Action>> = {
      inbox: (user) => this.#readInbox(user),
      one: (user) => this.#readOne(user),
      preferences: (user) => this.#readPreferences(user),
      mark: (user) => this.#markRead(user),
      change: (user) => this.#changePreferences(user),
      browse: (user) => this.#browse(user),
      order: (user) => this.#order(user),
    };
    const weighted = (mix: Mix) =>
      KINDS.flatMap((kind) => Array.from({ length: WEIGHTS[mix][kind] }, () => actions[kind]));
    this.#actions = { everyday: weighted('everyday'), writing: weighted('writing') };
  }

  /** One action of a user who is not busy. Never rejects: failures are counted. */
  async act(): Promise<void> {
    const user = this.#idle.shift();
    if (!user) return;
    this.#draws += 1;
    // A stride coprime to the length visits all actions evenly, in the same order in each run.
    const actions = this.#actions[this.mix];
    const action = actions[(this.#draws * STRIDE) % actions.length];
    try {
      await action?.(user);
    } catch (error) {
      this.#counter.failure(error instanceof Error ? error.message : String(error));
    } finally {
      this.#idle.push(user);
    }
  }

  async #readInbox(user: ShopUser): Promise<Inbox> {
    return (await this.#read(user, '/api/notifications?limit=20')) as Inbox;
  }

  async #readOne(user: ShopUser): Promise<void> {
    const [first] = (await this.#readInbox(user)).items;
    if (first) await this.#read(user, `/api/notifications/${first.id}`);
  }

  async #readPreferences(user: ShopUser): Promise<Preferences> {
    return (await this.#read(user, '/api/notification-preferences')) as Preferences;
  }

  async #markRead(user: ShopUser): Promise<void> {
    const inbox = await this.#readInbox(user);
    const unread = inbox.items.find((item) => !item.read);
    if (!unread) return;
    const path = `/api/notifications/${unread.id}`;
    await this.#write(user, { method: 'POST', path: `${path}/read` }, markKey(unread.id));
    const after = (await this.#read(user, path)) as Notification;
    this.#counter.readAfterWrite(after.read !== true);
    const list = await this.#readInbox(user);
    this.#counter.readAfterWrite(list.items.some((item) => item.id === unread.id && !item.read));
  }

  async #changePreferences(user: ShopUser): Promise<void> {
    const { channels, mutedKinds, quietHours } = await this.#readPreferences(user);
    const body = { channels: { ...channels, sms: !channels.sms }, mutedKinds, quietHours };
    const path = '/api/notification-preferences';
    await this.#write(user, { method: 'PUT', path, body }, preferencesKey(user.customer, body.channels.sms));
    const after = await this.#readPreferences(user);
    this.#counter.readAfterWrite(after.channels.sms !== body.channels.sms);
  }

  async #browse(user: ShopUser): Promise<void> {
    const product = await this.#findProduct(user);
    if (product) await this.#read(user, `/api/products/${product.id}`);
  }

  async #order(user: ShopUser): Promise<void> {
    const product = await this.#findProduct(user);
    if (!product) return;
    const item = { method: 'PUT', path: `/api/cart/items/${product.id}`, body: { quantity: 1 } };
    await this.#send(user, item, true);
    const dueAt = onMachineClock(performance.now());
    // 409 is the shop's regular answer when the last one is sold.
    const response = await this.#send(user, { method: 'POST', path: '/api/orders' }, true, [201, 409]);
    const { id } = response.body as { readonly id?: number };
    if (id !== undefined) this.#record(orderKey(id), dueAt, response);
  }

  async #findProduct(user: ShopUser): Promise<{ readonly id: number } | undefined> {
    const { items } = (await this.#read(user, '/api/products?size=20')) as { items: { id: number }[] };
    return items[user.customer % Math.max(1, items.length)];
  }

  async #read(user: ShopUser, path: string): Promise<unknown> {
    return (await this.#send(user, { method: 'GET', path })).body;
  }

  /** A write into the slice. */
  async #write(user: ShopUser, request: ShopRequest, key: string): Promise<void> {
    const dueAt = onMachineClock(performance.now());
    try {
      this.#record(key, dueAt, await this.#send(user, request, true));
    } catch (error) {
      this.#record(key, dueAt, error as Error);
      throw error;
    }
  }

  #record(key: string, dueAt: number, outcome: ShopResponse | Error): void {
    const acknowledged = !(outcome instanceof Error);
    this.writes.push({
      ...{ key, dueAt, endedAt: onMachineClock(performance.now()), acknowledged },
      ...(acknowledged ? { failure: '', side: outcome.side } : { failure: outcome.message, side: '' }),
    });
  }

  /** @throws when the answer is not an expected one */
  async #send(
    user: ShopUser,
    request: ShopRequest,
    isWrite = false,
    expected: readonly number[] = [200],
  ): Promise<ShopResponse> {
    const { phase } = this.#counter;
    const response = await this.#client.send({ ...request, cookie: user.cookie });
    this.#counter.request(user.customer, response, isWrite, phase);
    if (!expected.includes(response.status)) {
      throw new Error(
        `${request.method} ${request.path} as customer ${user.customer}: ${response.status} (${response.side || 'no side'})`,
      );
    }
    return response;
  }
}
