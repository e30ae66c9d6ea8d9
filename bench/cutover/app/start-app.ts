/** Starts a process of the application, and asserts that its routes answer rightly. Called by each subject. */
import { join } from 'node:path';
import type pg from 'pg';
import { announced, type RunningProcess, startProcess } from '../../proxy/running-process.ts';
import type { Ready } from '../subject.ts';

export interface App {
  readonly address: string;
  readonly process: RunningProcess;
}

/** @param database URL of what its pool connects to */
export async function startApp(database: string): Promise<App> {
  const program = join(import.meta.dirname, 'app-process.ts');
  let address = '';
  const process = await startProcess(
    undefined,
    [globalThis.process.execPath, program, database],
    async (child) => {
      ({ address } = await announced<{ address: string }>(child, 'address'));
    },
  );
  return { address, process };
}

/** Users are the customers of the seed, logged in by their number. */
export async function findUsers(
  database: pg.Client,
  customers: number,
): Promise<Pick<Ready, 'users' | 'unread'>> {
  const { rows } = await database.query<{ id: number; customer: number }>(
    'SELECT id::float8 AS id, customer_id::float8 AS customer FROM notifications ORDER BY id',
  );
  const users = Array.from({ length: customers }, (_, at) => ({
    customer: at + 1,
    cookie: `sid=${at + 1}`,
  }));
  return { users, unread: rows.map(({ id, customer }) => ({ id, user: customer - 1 })) };
}

/** A user reads a notification of their own, and none of a stranger's. @throws when an address answers otherwise */
export async function assertAnswers({ addresses, users, unread }: Ready): Promise<void> {
  const { id, user } = unread[0]!;
  for (const address of addresses) {
    const ask = async (asker: number) =>
      fetch(`${address}/api/notifications/${id}`, { headers: { cookie: users[asker]!.cookie } });
    const own = (await (await ask(user)).json()) as { id?: number; read?: boolean };
    const stranger = await ask((user + 1) % users.length);
    if (own.id !== id || own.read !== false || stranger.status !== 404)
      throw new Error(`${address} answers wrongly: ${JSON.stringify(own)}, ${stranger.status}`);
  }
}
