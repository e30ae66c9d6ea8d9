/**
 * `clientAddress: [10.0.0.0/8, 2001:db8::/32]`: the office first, say. accept/client-address.ts determines the address:
 * X-Forwarded-For counts only from a trusted proxy, so that no client can claim another address.
 */
import { NetworkList } from '../../wire/network-list.ts';
import type { Condition } from './condition.ts';

export function compileClientAddress(networks: readonly string[]): Condition[] {
  const list = new NetworkList(networks);
  return [
    {
      needs: `client address is in ${networks.join(', ')}`,
      holds: ({ clientAddress }) => list.has(clientAddress),
    },
  ];
}
