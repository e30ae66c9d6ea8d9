/** A database with tables of a slice and its fence, a plain role and the applier's role, for tests of one fact each. */
import { randomBytes } from 'node:crypto';
import type { FenceMode, FenceState } from '@ficus/core';
import pg from 'pg';
import type { Fence, FenceOptions } from '../../../../cdc/fence/fence.ts';
import { openFence } from '../../../../cdc/fence/open-fence.ts';
import { createEmptyDatabase } from '../../../parts/empty-database.ts';

export interface FencedDatabase {
  readonly url: string;
  readonly fence: Fence;
  /** Superuser. */
  readonly admin: pg.Client;
  /** May read and write every table, and owns none. */
  readonly writerRole: string;
  /** The same, and what it marks passes. */
  readonly applierRole: string;
  /** One more session, ended with the database. */
  connect(role?: string): Promise<pg.Client>;
  /** Another fence object of the same slice, or one with other options. */
  open(options?: Partial<FenceOptions>): Fence;
  turn(expected: StateName, wanted: StateName, drainMs?: number): ReturnType<Fence['turn']>;
  drop(): Promise<void>;
}

/** `2 hold` */
export type StateName = `${number} ${FenceMode}`;

export function readState(name: StateName): FenceState {
  const [epoch, mode] = name.split(' ') as [string, FenceMode];
  return { epoch: Number(epoch), mode };
}

export interface FencedOptions {
  readonly tables?: readonly string[];
  readonly slice?: string;
  /** By default a fence is installed. */
  readonly first?: StateName | null;
}

export async function createFencedDatabase(
  port: number,
  ddl: string,
  { tables = ['public.orders'], slice = 'orders', first = '1 armed' }: FencedOptions = {},
): Promise<FencedDatabase> {
  const { url, drop } = await createEmptyDatabase(port, 'fence');
  const sessions: { end(): Promise<void> }[] = [];
  const connect = async (role = 'postgres') => {
    const client = new pg.Client({ connectionString: url.replace('//postgres@', `//${role}@`) });
    client.on('error', () => undefined);
    await client.connect();
    sessions.push(client);
    return client;
  };
  const admin = await connect();
  const suffix = randomBytes(4).toString('hex');
  const roles = { writerRole: `shop_${suffix}`, applierRole: `applier_${suffix}` };
  for (const role of Object.values(roles)) await admin.query(`CREATE ROLE ${role} LOGIN`);
  await admin.query(ddl);
  for (const role of Object.values(roles))
    await admin.query(
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}; GRANT CREATE ON SCHEMA public TO ${role}`,
    );
  const open = (options: Partial<FenceOptions> = {}) => {
    const fence = openFence({
      slice,
      side: 'legacy',
      url,
      tables,
      applierRole: roles.applierRole,
      ...options,
    });
    sessions.push({ end: () => fence.close() });
    return fence;
  };
  const fence = open();
  if (first !== null) await fence.install(readState(first));
  return {
    url,
    fence,
    admin,
    ...roles,
    connect,
    open,
    turn: (expected, wanted, drainMs = 5_000) =>
      fence.turn({ expected: readState(expected), wanted: readState(wanted), drainMs }),
    async drop() {
      await Promise.all(sessions.map((session) => session.end().catch(() => undefined)));
      await drop();
      await dropRoles(port, Object.values(roles));
    },
  };
}

async function dropRoles(port: number, roles: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: `postgres://postgres@127.0.0.1:${port}/postgres` });
  await client.connect();
  for (const role of roles) await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await client.end();
}
