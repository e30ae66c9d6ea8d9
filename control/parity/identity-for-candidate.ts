/**
 * The identity assertion of a request that is asked again: the same short-lived JWT that the proxy makes, because
 * the one it made is on the copy alone, or about to expire. Who calls is found the way `proxy.identify` says.
 * The legacy never gets an assertion.
 */
import type { IdentifyConfig, ObservedResponse, Side } from '@ficus/core';
import { decodeJwt, SignJWT } from 'jose';
import type { RepeatedRequest } from './upstream-asker.ts';

type Headers = readonly (readonly [string, string])[];
type Source = NonNullable<IdentifyConfig['user']>;
type Caller = { readonly user?: string | undefined; readonly tenant?: string | undefined };

export class IdentityForCandidate {
  private readonly config: IdentifyConfig;
  private readonly askLegacy: (request: RepeatedRequest) => Promise<ObservedResponse>;

  constructor(config: IdentifyConfig, askLegacy: (request: RepeatedRequest) => Promise<ObservedResponse>) {
    this.config = config;
    this.askLegacy = askLegacy;
  }

  /** The request's headers as one side has to get them. */
  async headersFor(side: Side, slice: string, headers: Headers): Promise<Headers> {
    const { assert } = this.config;
    if (!assert) return headers;
    const others = headers.filter(([name]) => name !== assert.header);
    if (side === 'legacy') return others;
    const { user, tenant } = await this.caller(headers, headerOf(headers, assert.header));
    if (user === undefined) return others;
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({ iss: 'ficus', aud: slice, sub: user, ...(tenant ? { tenant } : {}) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(now)
      .setExpirationTime(now + assert.ttlSeconds)
      .sign(new TextEncoder().encode(assert.secret));
    return [...others, [assert.header, token]];
  }

  private async caller(headers: Headers, assertion: string | undefined): Promise<Caller> {
    const asserted = assertion === undefined ? undefined : claimsOf(assertion);
    // The proxy signed it a moment ago and took the client's own away before; only its lifetime is short.
    if (typeof asserted?.sub === 'string') return { user: asserted.sub, tenant: text(asserted.tenant) };
    const { user, tenant } = this.config;
    return {
      user: await this.find(user, 'user', headers),
      tenant: await this.find(tenant, 'tenant', headers),
    };
  }

  private async find(
    source: Source | undefined,
    field: 'user' | 'tenant',
    headers: Headers,
  ): Promise<string | undefined> {
    if (!source) return undefined;
    const carried = carriedValue(source, headers);
    if (carried === undefined || !source.introspect) return carried;
    const answer = await this.askLegacy({
      method: 'GET',
      target: source.introspect,
      headers: credentials(source, headers),
    });
    if ('failed' in answer || answer.status !== 200) return undefined;
    try {
      return text((JSON.parse(Buffer.from(answer.body).toString()) as Record<string, unknown>)[field]);
    } catch {
      return undefined;
    }
  }
}

function carriedValue(source: Source, headers: Headers): string | undefined {
  if (source.header) return headerOf(headers, source.header);
  if (source.cookie) return cookieOf(headers, source.cookie);
  const bearer = /^bearer\s+(.+)$/i.exec(headerOf(headers, 'authorization') ?? '')?.[1];
  return bearer && source.jwtClaim ? text(claimsOf(bearer)?.[source.jwtClaim]) : undefined;
}

function credentials(source: Source, headers: Headers): Headers {
  const wanted = new Set([
    'host',
    'cookie',
    'authorization',
    'accept',
    ...(source.header ? [source.header] : []),
  ]);
  return headers.filter(([name]) => wanted.has(name));
}

function cookieOf(headers: Headers, name: string): string | undefined {
  for (const [field, value] of headers) {
    if (field !== 'cookie') continue;
    for (const pair of value.split(';')) {
      const equals = pair.indexOf('=');
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
    }
  }
  return undefined;
}

const headerOf = (headers: Headers, name: string): string | undefined =>
  headers.find(([field]) => field === name)?.[1];

const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
