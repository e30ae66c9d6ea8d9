/**
 * Users who write and read at fixed rates, open loop. Each write is recorded by its key; each read looks for its user's
 * last acknowledged write, through another address than the one that took it. Users keep cookies, as browsers do. Runs in
 * the load generator's process.
 */
import { ShopClient, type ShopResponse } from '../../../sample/load/shop-client.ts';
import { onMachineClock, type WriteRecord } from '../../../sample/load/write-record.ts';
import { startOpenLoop } from '../../open-loop.ts';
import type { LoadSettings, LoadUser } from './load-messages.ts';
import {
  acknowledgedBy,
  type OwnWrite,
  type PlannedWrite,
  planInsert,
  planMark,
  planRead,
  shows,
} from './notification-requests.ts';
import type { ReadRecord } from './read-record.ts';

/**
 * To each address. Reads have their own, so that none waits behind held writes; a machine that falls behind is not
 * burdened with thousands of new connections as well. A request that waits for one here has been due all the same.
 */
const CONNECTIONS = { writes: 512, reads: 64 } as const;
/** A stride coprime to every number of users that is no multiple of it: readers are not the writers of the moment. */
const READ_STRIDE = 7_919;

export class LoadCrowd {
  readonly writes: WriteRecord[] = [];
  readonly reads: ReadRecord[] = [];
  readonly #settings: LoadSettings;
  readonly #clients: Readonly<Record<keyof typeof CONNECTIONS, readonly ShopClient[]>>;
  readonly #lastOwn = new Map<number, OwnWrite>();
  /** By user and name: `name=value`. */
  readonly #cookies = new Map<number, Map<string, string>>();
  /** Users whose last write was acknowledged and not yet looked for: they read next. */
  readonly #curious: number[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #stops: (() => void)[];
  #marks = 0;
  #inserts = 0;
  #readers = 0;

  /** @param onFailure when the load can no longer be what was asked for */
  constructor(settings: LoadSettings, onFailure: (message: string) => void) {
    this.#settings = settings;
    const connect = (most: number) => settings.addresses.map((address) => new ShopClient(address, most));
    this.#clients = { writes: connect(CONNECTIONS.writes), reads: connect(CONNECTIONS.reads) };
    this.#stops = [
      startOpenLoop(settings.writesPerSecond, Number.POSITIVE_INFINITY, (dueAt) => {
        if (this.#isUsedUp())
          return onFailure('every unread notification has been marked: seed more of them');
        this.#track(this.#write(dueAt));
      }),
      startOpenLoop(settings.readsPerSecond, Number.POSITIVE_INFINITY, (dueAt) =>
        this.#track(this.#read(dueAt)),
      ),
    ];
  }

  /** No further requests; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    await Promise.all(this.#underWay);
    for (const client of [...this.#clients.writes, ...this.#clients.reads]) client.close();
  }

  #isUsedUp(): boolean {
    return this.#marks >= this.#settings.unread.length;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  #planWrite(): { readonly user: number; readonly write: PlannedWrite } {
    const { users, unread, inserts } = this.#settings;
    if (inserts && this.#inserts < this.#marks) {
      this.#inserts += 1;
      const user = (this.#inserts * READ_STRIDE) % users.length;
      return { user, write: planInsert(users[user]!, this.#inserts) };
    }
    const { id, user } = unread[this.#marks]!;
    this.#marks += 1;
    return { user, write: planMark(users[user]!, id) };
  }

  async #write(dueAt: number): Promise<void> {
    const { user, write } = this.#planWrite();
    const response = await this.#send('writes', user, write.request);
    const own = typeof response === 'string' ? undefined : acknowledgedBy(response, write.key);
    if (own !== undefined) {
      this.#lastOwn.set(user, own);
      this.#curious.push(user);
    }
    this.writes.push({
      key: write.key,
      dueAt: onMachineClock(dueAt),
      endedAt: onMachineClock(performance.now()),
      acknowledged: own !== undefined,
      failure: own === undefined ? failureOf(response) : '',
      side: typeof response === 'string' ? '' : response.side,
    });
  }

  async #read(dueAt: number): Promise<void> {
    const user = this.#curious.shift() ?? this.#nextReader();
    // What was acknowledged before the read was sent has to be in its answer; what is acknowledged meanwhile need not.
    const own = this.#lastOwn.get(user);
    const response = await this.#send('reads', user, planRead(this.#userAt(user), own));
    const ok =
      typeof response !== 'string' &&
      (response.status === 200 || (own !== undefined && response.status === 404));
    this.reads.push({
      dueAt: onMachineClock(dueAt),
      endedAt: onMachineClock(performance.now()),
      failure: ok ? '' : failureOf(response),
      ownWrite: own === undefined || !ok ? 'unchecked' : shows(response, own) ? 'seen' : 'stale',
    });
  }

  #nextReader(): number {
    this.#readers += 1;
    return (this.#readers * READ_STRIDE) % this.#settings.users.length;
  }

  #userAt(index: number): LoadUser {
    return this.#settings.users[index]!;
  }

  /** @returns the failure in words when no answer came */
  async #send(
    kind: keyof typeof CONNECTIONS,
    user: number,
    request: Parameters<ShopClient['send']>[0],
  ): Promise<ShopResponse | string> {
    const clients = this.#clients[kind];
    const client = clients[(kind === 'writes' ? user : user + 1) % clients.length]!;
    const kept = this.#cookies.get(user)?.values() ?? [];
    const cookie = [request.cookie, ...kept].filter(Boolean).join('; ');
    try {
      const response = await client.send({ ...request, cookie });
      this.#keep(user, response.setCookie);
      return response;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code ?? message;
    }
  }

  #keep(user: number, set: readonly string[]): void {
    for (const one of set) {
      const [pair] = one.split(';');
      const kept = this.#cookies.get(user) ?? new Map<string, string>();
      this.#cookies.set(user, kept.set(pair!.split('=')[0]!, pair!));
    }
  }
}

function failureOf(response: ShopResponse | string): string {
  if (typeof response === 'string') return response;
  const { code } = (response.body ?? {}) as { code?: unknown };
  return typeof code === 'string' ? `status ${response.status}, ${code}` : `status ${response.status}`;
}
