/**
 * URLs of databases as pg reads them: the host may be missing (`postgres://ficus:pw@/shop`, which `new URL` refuses) or
 * stand in the query, as the path of a Unix socket does (`?host=/var/run/postgresql`); so may port, user and password.
 */
import { bareHost } from './host-port.ts';

export interface DatabaseAddress {
  readonly host: string;
  readonly port: string;
  /** Empty where the URL names none. */
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** @throws TypeError for a text that is no URL */
export function readDatabaseUrl(text: string): DatabaseAddress {
  const url = parse(text);
  const given = (name: string, part: string) => url.searchParams.get(name) || decodeURIComponent(part);
  return {
    host: given('host', url.hostname === NO_HOST ? '' : bareHost(url.hostname)) || 'localhost',
    port: given('port', url.port) || '5432',
    database: decodeURIComponent(url.pathname.slice(1)),
    user: given('user', url.username),
    password: given('password', url.password),
  };
}

/** A database's URL without its password, wherever that is; the user stays, to recognise the URL by. */
export function withoutPassword(text: string): string {
  const url = parse(text);
  url.password = '';
  for (const name of [...url.searchParams.keys()]) if (/password/i.test(name)) url.searchParams.delete(name);
  return format(url);
}

/** A database's URL with another password. */
export function withPassword(text: string, password: string): string {
  const url = parse(text);
  // A URL without a host takes no password before it.
  if (url.hostname === '') url.searchParams.set('password', password);
  else url.password = encodeURIComponent(password);
  return format(url);
}

const NO_HOST = 'no-host.invalid';

function parse(text: string): URL {
  return new URL(text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?#]|$)/, `$1${NO_HOST}`));
}

const format = (url: URL): string => url.href.replace(/(:\/\/|@)no-host\.invalid/, '$1');
