/** Which entry of `slices.NAME.writers` describes a writer: the first that matches in every field it has. */
import { BlockList, isIPv6 } from 'node:net';
import type { WriterConfig } from '@ficus/core';

interface Writer {
  readonly user: string;
  readonly application: string;
  readonly address: string | null;
}

/** Its index; undefined when none does. */
export function matchWriter(writer: Writer, declared: readonly WriterConfig[]): number | undefined {
  const at = declared.findIndex((entry) => matches(writer, entry));
  return at < 0 ? undefined : at;
}

function matches(writer: Writer, { user, application, address }: WriterConfig): boolean {
  if (user !== undefined && user !== writer.user) return false;
  if (application !== undefined && !fitsName(writer.application, application)) return false;
  return address === undefined || (writer.address !== null && isWithin(writer.address, address));
}

function fitsName(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Made once: a view is built each second, of hundreds of writers. */
const lists = new Map<string, BlockList>();

function isWithin(address: string, network: string): boolean {
  const list = lists.get(network) ?? listOf(network);
  lists.set(network, list);
  return list.check(address, familyOf(address));
}

function listOf(network: string): BlockList {
  const list = new BlockList();
  const [base, prefix] = network.split('/') as [string, string | undefined];
  const family = familyOf(base);
  if (prefix === undefined) list.addAddress(base, family);
  else list.addSubnet(base, Number(prefix), family);
  return list;
}

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');
