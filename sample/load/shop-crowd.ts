/**
 * Logged-in users of the shop and their actions: read their inbox, mark things read, change preferences, browse, order.
 * After each of their writes to the slice they check at once whether they can see it. One user does one thing at a
 * time, as people do.
 */
import type { ShopClient, ShopRequest, ShopResponse } from './shop-client.ts';
import type { Counter } from './tally.ts';

interface ShopUser {
  /** Number of the customer, from 1. */
  readonly customer: number;
  readonly cookie: string;
}

const LOGINS_AT_ONCE = 24;

/** Logs the first `count` customers in. @throws when one of them cannot */
export async function logIn(
  client: ShopClient,
  count: number,
  onProgress: (done: number) => void,
): Promise<ShopUser[]> {
  const users: ShopUser[] = [];
  let next = 1;
  const work = async () => {
    while (next <= count) {
      const customer = next;
      next += 1;
      users.push(await logInOne(client, customer));
      if (users.length % 100 === 0) onProgress(users.length);
    }
  };
  await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, work));
  return users;
}

async function logInOne(client: ShopClient, customer: number): Promise<ShopUser> {
  const response = await client.send({
    method: 'POST',
    path: '/api/login',
    body: { email: `customer${customer}@example.test`, password: 'ficus' },
  });
  const cookie = response.setCookie
    .map((header) => header.split(';')[0])
    .find((pair) => pair?.startsWith('sid='));
  if (response.status !== 200 || !cookie)
    throw new Error(`customer ${customer} could not log in: ${response.status}`);
  return { customer, cookie };
}

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
  readonly #client: ShopClient;
  readonly #counter: Counter;
  readonly #idle: ShopUser[];
  /** Weighted: an action is listed as often as it is to be drawn. */
  readonly #actions: readonly Action[];
  #draws = 0;

  constructor(client: ShopClient, users: readonly ShopUser[], counter: Counter) {
    this.#client = client;
    this.#counter = counter;
    this.#idle = [...users];
    const weighted: readonly (readonly [number, Action])[] = [
      [9, (user) => this.#readInbox(user)],
      [3, (user) => this.#readOne(user)],
      [2, (user) => this.#readPreferences(user)],
      [3, (user) => this.#markRead(user)],
      [1, (user) => this.#changePreferences(user)],
      [3, (user) => this.#browse(user)],
      [1, (user) => this.#order(user)],
    ];
    this.#actions = weighted.flatMap(([weight, action]) => Array.from({ length: weight }, () => action));
  }

  /** One action of a user who is not busy. Never rejects: failures are counted. */
  async act(): Promise<void> {
    const user = this.#idle.shift();
    if (!user) return;
    this.#draws += 1;
    // A stride coprime to the length visits all actions evenly, in the same order in each run.
    const action = this.#actions[(this.#draws * 7) % this.#actions.length];
    try {
      await action?.(user);
    } catch (error) {
      this.#counter.failure(error instanceof Error ? error.message : String(error));
    } finally {
      this.#idle.push(user);
    }
  }

  async #readInbox(user: ShopUser): Promise<Inbox> {
    return (await this.#send(user, { method: 'GET', path: '/api/notifications?limit=20' })) as Inbox;
  }

  async #readOne(user: ShopUser): Promise<void> {
    const [first] = (await this.#readInbox(user)).items;
    if (first) await this.#send(user, { method: 'GET', path: `/api/notifications/${first.id}` });
  }

  async #readPreferences(user: ShopUser): Promise<Preferences> {
    return (await this.#send(user, { method: 'GET', path: '/api/notification-preferences' })) as Preferences;
  }

  async #markRead(user: ShopUser): Promise<void> {
    const inbox = await this.#readInbox(user);
    const unread = inbox.items.find((item) => !item.read);
    if (!unread) return;
    await this.#send(user, { method: 'POST', path: `/api/notifications/${unread.id}/read` }, true);
    const after = (await this.#send(user, {
      method: 'GET',
      path: `/api/notifications/${unread.id}`,
    })) as Notification;
    this.#counter.readAfterWrite(after.read !== true);
    const list = await this.#readInbox(user);
    this.#counter.readAfterWrite(list.items.some((item) => item.id === unread.id && !item.read));
  }

  async #changePreferences(user: ShopUser): Promise<void> {
    const { channels, mutedKinds, quietHours } = await this.#readPreferences(user);
    const wanted = { channels: { ...channels, sms: !channels.sms }, mutedKinds, quietHours };
    await this.#send(user, { method: 'PUT', path: '/api/notification-preferences', body: wanted }, true);
    const after = await this.#readPreferences(user);
    this.#counter.readAfterWrite(after.channels.sms !== wanted.channels.sms);
  }

  async #browse(user: ShopUser): Promise<void> {
    const page = (await this.#send(user, { method: 'GET', path: '/api/products?size=20' })) as {
      items: { id: number }[];
    };
    const product = page.items[user.customer % Math.max(1, page.items.length)];
    if (product) await this.#send(user, { method: 'GET', path: `/api/products/${product.id}` });
  }

  async #order(user: ShopUser): Promise<void> {
    const page = (await this.#send(user, { method: 'GET', path: '/api/products?size=20' })) as {
      items: { id: number }[];
    };
    const product = page.items[user.customer % Math.max(1, page.items.length)];
    if (!product) return;
    await this.#send(
      user,
      { method: 'PUT', path: `/api/cart/items/${product.id}`, body: { quantity: 1 } },
      true,
    );
    // 409 is the shop's regular answer when the last one is sold.
    await this.#send(user, { method: 'POST', path: '/api/orders' }, true, [201, 409]);
  }

  /** @throws when the answer is not an expected one */
  async #send(
    user: ShopUser,
    request: ShopRequest,
    isWrite = false,
    expected: readonly number[] = [200],
  ): Promise<unknown> {
    const { phase } = this.#counter;
    const response: ShopResponse = await this.#client.send({ ...request, cookie: user.cookie });
    this.#counter.request(user.customer, response, isWrite, phase);
    if (!expected.includes(response.status)) {
      throw new Error(
        `${request.method} ${request.path} as customer ${user.customer}: ${response.status} (${response.side || 'no side'})`,
      );
    }
    return response.body;
  }
}
