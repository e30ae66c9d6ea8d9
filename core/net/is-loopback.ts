/** Whether only programs of the same machine can reach a host. */
import { bareHost } from './host-port.ts';

/** @param host a name or an address, brackets allowed; a name other than `localhost` may be any machine */
export function isLoopback(host: string): boolean {
  const name = bareHost(host).toLowerCase();
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}
