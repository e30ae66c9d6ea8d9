/** Networks that a config names (trusted proxies, testers, a route's clients). Compiled once per config. */
import { BlockList, isIPv6 } from 'node:net';

export class NetworkList {
  readonly #list = new BlockList();
  readonly #empty: boolean;

  /** @param networks addresses and CIDRs */
  constructor(networks: readonly string[]) {
    this.#empty = networks.length === 0;
    for (const network of networks) {
      const [address, prefix] = network.split('/') as [string, string | undefined];
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string): boolean {
    if (this.#empty || address === '') return false;
    return this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}
