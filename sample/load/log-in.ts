/** The load's users: customers of the seeded shop, each with a session. */
import type { ShopClient } from './shop-client.ts';

export interface ShopUser {
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
