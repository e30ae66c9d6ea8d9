/**
 * Read-your-writes over several proxies, and over the restart of one: the answer to a write carries a cookie that names the
 * write. A proxy that sees it for the first time pins its user as if they had written there: until the stream has applied a
 * position that is taken now, and so lies behind the write. No clocks are compared, and proxies need not know each
 * other. A forged cookie pins the client that sends it to the owner, whose answers are right for anybody; it takes no pin
 * from others, as what a worker has seen is kept by caller, and no name tells another one. One per worker.
 */
import { createHash, randomUUID } from 'node:crypto';

/** A stream that is behind for longer than this may show its users an older state, at other proxies. */
const MAX_AGE_SECONDS = 3_600;
/** Writes that are remembered; the user of a forgotten one is pinned once more. */
const MOST_SEEN = 50_000;
const VALID = /^[0-9a-f]{8}-[0-9a-f]{24}$/;

interface WritesElsewhereParts {
  /** Any id of this run of the proxy: its own writes are pinned already. */
  readonly proxyId: string;
  /** Pins a user until the stream has applied what is on the owner now. */
  readonly pin: (slice: string, key: string) => void;
  readonly mostSeen?: number;
}

export class WritesElsewhere {
  readonly #parts: WritesElsewhereParts;
  readonly #own: string;
  /** The oldest first; with its caller, who may have been unknown, or somebody else, when it was seen first. */
  readonly #seen = new Set<string>();

  constructor(parts: WritesElsewhereParts) {
    this.#parts = parts;
    this.#own = `${createHash('sha256').update(parts.proxyId).digest('hex').slice(0, 8)}-`;
  }

  /**
   * Value of Set-Cookie for a write whose answer leaves now.
   * @param secure the client came by HTTPS
   */
  cookieFor(name: string, secure: boolean): string {
    const write = `${this.#own}${randomUUID().replaceAll('-', '').slice(8)}`;
    return `${name}=${write}; Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }

  /**
   * Pins the caller, once, if they carry a write that this worker has not seen of them. Returns whether it did.
   * @param writes values of the slice's cookie: a host of a parent domain may have set another one
   */
  pins(slice: string, key: string, writes: readonly string[]): boolean {
    const unseen = writes.filter((write) => this.isUnseen(key, write));
    if (unseen.length === 0) return false;
    for (const write of unseen) this.#remember(key, write);
    this.#parts.pin(slice, key);
    return true;
  }

  isUnseen(key: string, write: string): boolean {
    return !write.startsWith(this.#own) && VALID.test(write) && !this.#seen.has(seenName(key, write));
  }

  #remember(key: string, write: string): void {
    // A copy, as both are pieces of fields and would keep these in memory; not by UTF-8, as an id may be any string.
    this.#seen.add(Buffer.from(seenName(key, write), 'utf16le').toString('utf16le'));
    if (this.#seen.size > (this.#parts.mostSeen ?? MOST_SEEN))
      this.#seen.delete(this.#seen.values().next().value!);
  }
}

const seenName = (key: string, write: string): string => `${write} ${key}`;

/** One for each slice; its name says nothing about the slice. @param name `proxy.pinCookie` */
export function wroteCookieOf(name: string, slice: string): string {
  return `${name}_${createHash('sha256').update(slice).digest('hex').slice(0, 6)}`;
}
