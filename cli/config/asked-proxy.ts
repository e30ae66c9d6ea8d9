/**
 * The running proxy that a command asks at its admin address, which has no TLS, and the token that goes there. A token is
 * for the address that its config names, and is sent to no other that only a record beside it names.
 */
import { type ControlConfig, isLoopback, joinHostPort, splitHostPort, tokenFor } from '@ficus/core';
import type { RunningRecord } from './running-record.ts';

export interface AskedProxy {
  /** HOST:PORT; undefined when neither config nor record names one. */
  readonly admin: string | undefined;
  readonly token: string | undefined;
  /** There is a token, which is not for this address. */
  readonly isWithheld: boolean;
}

/** What the config says, as far as it can be read. */
interface NamedPlaces {
  /** HOST:PORT, `proxy.admin` */
  readonly admin: string | undefined;
  readonly control: ControlConfig | undefined;
  readonly isValid: boolean;
}

export function askedProxy(named: NamedPlaces, running: RunningRecord | undefined): AskedProxy {
  // The address is fixed when the proxy starts, and a port of 0 is known to it alone.
  const admin = running?.admin ?? named.admin;
  const token = named.control && tokenFor(named.control, 'read');
  const isWithheld = token !== undefined && admin !== undefined && !isNamed(admin, named);
  return { admin, token: isWithheld ? undefined : token, isWithheld };
}

function isNamed(running: string, { admin, isValid }: NamedPlaces): boolean {
  const { host } = splitHostPort(running);
  // It may have named it: what cannot be read is not known.
  if (admin === undefined) return !isValid && isLoopback(host);
  const named = splitHostPort(admin);
  return admin === running || (named.port === 0 && named.host === host);
}

/**
 * HOST:PORT with the host as the config names it, and the port that the listener got.
 * @param address URL of the listener; undefined while it has none
 */
export function withPort(named: string, address: string | undefined): string {
  if (address === undefined) return named;
  const { port, protocol } = new URL(address);
  return joinHostPort(splitHostPort(named).host, Number(port || (protocol === 'https:' ? '443' : '80')));
}

/** HOST:PORT to connect to: a proxy that listens on all addresses is reached by this machine's own. */
export function addressToAsk(admin: string): string {
  const { host, port } = splitHostPort(admin);
  return joinHostPort(OWN_ADDRESS[host] ?? host, port);
}

const OWN_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** One line where the token can be read on its way, or is not sent. As `ficus check` says of addresses in the config. */
export function warnOfToken({ admin, token, isWithheld }: AskedProxy, warn: (text: string) => void): void {
  if (admin === undefined) return;
  const address = addressToAsk(admin);
  if (isWithheld)
    warn(
      `No token is sent to ${address}, where the proxy runs: the config names another admin address, or none.`,
    );
  if (token === undefined || isLoopback(splitHostPort(address).host)) return;
  warn(
    `The token goes to ${address} without TLS, and so does what is asked. Where others can read them on the way, give control.tokens one with the role read, which is sent then, or use a tunnel: ssh -L 8082:${address} HOST, and 127.0.0.1:8082 as the admin address.`,
  );
}
