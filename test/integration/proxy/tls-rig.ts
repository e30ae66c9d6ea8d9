/** A proxy with `proxy.tls`, and an authority that signs for it and for its clients. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, makeAuthority, type Pair } from '../../parts/certificates.ts';
import { type SecureAnswer, secureRequest } from '../../parts/secure-client.ts';
import { type Rig, type RigOptions, startRig } from './rig.ts';

export interface TlsRig extends Rig {
  readonly authority: Authority;
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string };
  /** Replaces the proxy's certificate on disk. */
  write(pair: Pair): void;
  request(path: string, options?: RequestOptions, body?: string | Buffer): Promise<SecureAnswer>;
  /** The value of a series; 0 for one that does not exist. */
  series(name: string): Promise<number>;
}

type Tls = NonNullable<NonNullable<RigOptions['proxy']>['tls']>;

export const LOCAL = { names: ['localhost', '127.0.0.1'] };

/** @param pair of the proxy, in place of a valid one */
export async function startTlsRig(
  options: RigOptions = {},
  tls: Partial<Tls> = {},
  pair?: (authority: Authority) => Pair,
): Promise<TlsRig> {
  const folder = mkdtempSync(join(tmpdir(), 'ficus-tls-'));
  const authority = makeAuthority('authority');
  const at = (name: string): string => join(folder, name);
  const files = { cert: at('cert.pem'), key: at('key.pem'), ca: at('ca.pem') };
  const write = ({ cert, key }: Pair): void => {
    writeFileSync(files.key, key, { mode: 0o600 });
    writeFileSync(files.cert, cert);
  };
  writeFileSync(files.ca, authority.cert);
  write(pair?.(authority) ?? authority.issue('proxy', LOCAL));
  const { cert, key, ca } = files;
  const asksClients = tls.clientAuth !== undefined && tls.clientAuth !== 'none';
  const own = { cert, key, ...(asksClients ? { ca } : {}), ...tls };
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const rig = await startRig({ ...options, proxy: { ...options.proxy, tls: own } }).catch(
    (error: unknown) => {
      remove();
      throw error;
    },
  );
  return {
    ...rig,
    authority,
    files,
    write,
    request: (path, more = {}, body?) => secureRequest(rig.url + path, { ca: authority.cert, ...more }, body),
    series: async (name) => {
      const line = (await rig.metrics()).split('\n').find((text) => text.startsWith(`${name} `));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
    close: async () => {
      await rig.close();
      remove();
    },
  };
}
