/**
 * A tester's override: `x-ficus-force: candidate` from a trusted network, or signed from anywhere:
 * `candidate;SIGNATURE`, or `candidate;SECONDS;SIGNATURE`, which expires at that time (Unix). The signature is the
 * base64url HMAC-SHA256 of everything before it, under `proxy.force.secret`. Without an expiry it is valid until the
 * secret changes.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ProxyConfig, Side } from '@ficus/core';
import { NetworkList } from '../wire/network-list.ts';

export interface ForceOverride {
  /** The forced side, or undefined when the header is not trusted. @param now milliseconds since the epoch */
  read(header: string, client: string, now: number): Side | undefined;
}

export function createForceOverride(config: ProxyConfig['force']): ForceOverride | undefined {
  if (!config) return undefined;
  const networks = new NetworkList(config.trustedNetworks);
  const { secret } = config;
  return {
    read(header, client, now) {
      const parts = header.split(';').map((part) => part.trim());
      const [side] = parts;
      if ((side !== 'legacy' && side !== 'candidate') || parts.length > 3) return undefined;
      if (parts.length === 1) return networks.has(client) ? side : undefined;
      if (secret === undefined) return undefined;
      const signature = parts.at(-1)!;
      const until = parts.length === 3 ? Number(parts[1]) : undefined;
      if (until !== undefined && !(until * 1000 > now)) return undefined;
      return sameText(signature, sign(parts.slice(0, -1).join(';'), secret)) ? side : undefined;
    },
  };
}

/** The value of the header. @param untilSeconds when it ends, in seconds since the epoch */
export function forceHeader(side: Side, secret: string, untilSeconds?: number): string {
  const signed = untilSeconds === undefined ? side : `${side};${untilSeconds}`;
  return `${signed};${sign(signed, secret)}`;
}

function sign(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

function sameText(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
