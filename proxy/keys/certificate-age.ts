/** How long a certificate is still valid. Pure: the caller has the clock. */
import type { X509Certificate } from 'node:crypto';

const DAY_MS = 86_400_000;
/** Long enough for a person to act; tools that renew by themselves do so at 30 days. */
const SOON_MS = 14 * DAY_MS;

export type CertificateAge =
  | { readonly kind: 'valid'; readonly until: Date }
  | { readonly kind: 'expires-soon'; readonly until: Date; readonly days: number }
  | { readonly kind: 'expired'; readonly until: Date }
  | { readonly kind: 'not-yet'; readonly until: Date; readonly from: Date };

/** Of the first of them to expire, and the last to begin. @param now milliseconds since the epoch */
export function evaluateAge(chain: readonly X509Certificate[], now: number): CertificateAge {
  const until = new Date(Math.min(...chain.map(({ validTo }) => Date.parse(validTo))));
  const from = new Date(Math.max(...chain.map(({ validFrom }) => Date.parse(validFrom))));
  const left = until.getTime() - now;
  if (left <= 0) return { kind: 'expired', until };
  if (from.getTime() > now) return { kind: 'not-yet', until, from };
  if (left < SOON_MS) return { kind: 'expires-soon', until, days: Math.floor(left / DAY_MS) };
  return { kind: 'valid', until };
}

/**
 * Of a file that proves who one is. Its first certificate is its own: no client accepts it before or after its dates. What
 * follows only leads to an authority, and clients that find another way there never look at it.
 */
export function evaluateChain(
  [own, ...links]: readonly X509Certificate[],
  now: number,
): { readonly own: CertificateAge; readonly links: CertificateAge } {
  return { own: evaluateAge(own ? [own] : [], now), links: evaluateAge(links, now) };
}

export const isUsable = ({ kind }: CertificateAge): boolean => kind === 'valid' || kind === 'expires-soon';

/** Undefined while nothing is to be said. */
export function describeAge(age: CertificateAge): string | undefined {
  switch (age.kind) {
    case 'valid':
      return undefined;
    case 'expires-soon':
      return `expires in ${age.days} ${age.days === 1 ? 'day' : 'days'}, on ${age.until.toISOString()}`;
    case 'expired':
      return `expired on ${age.until.toISOString()}`;
    case 'not-yet':
      return `is not valid before ${age.from.toISOString()}`;
  }
}
