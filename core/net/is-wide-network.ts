/** Whether a network has so many machines that it says nothing about who is meant. */

/** The widest that are private are 10.0.0.0/8 and fc00::/7. */
const NARROWEST_WIDE = { v4: 7, v6: 6 } as const;
/** `::ffff:0:0/96` holds all of IPv4. */
const MAPPED = /^::ffff:[^/]*\//i;
const MAPPED_BITS = 96;

/** @param network an address or a CIDR */
export function isWideNetwork(network: string): boolean {
  const [, prefix] = network.split('/');
  if (prefix === undefined) return false;
  const bits = Number(prefix);
  if (!network.includes(':')) return bits <= NARROWEST_WIDE.v4;
  return bits <= NARROWEST_WIDE.v6 || (MAPPED.test(network) && bits <= MAPPED_BITS + NARROWEST_WIDE.v4);
}
