/**
 * X.509 certificates made by the test itself, with Node's crypto alone: an authority, and what it signs. A machine that runs
 * the tests needs no openssl, and a certificate may be as old, as short or as wrong as a case needs.
 *
 * DER by hand (X.690); the fields are those of RFC 5280 section 4.1.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Pair {
  /** A certificate that this authority signs. */
  issue(subject: string, options?: IssueOptions): Pair;
}

interface IssueOptions {
  /** DNS names and addresses that the certificate is for. */
  readonly names?: readonly string[];
  readonly from?: Date;
  readonly until?: Date;
}

const DAY_MS = 86_400_000;

const TAG = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, time: 0x18 };
const [SEQUENCE, SET] = [0x30, 0x31];
const ECDSA_SHA256 = '2a8648ce3d040302';
const [COMMON_NAME, BASIC_CONSTRAINTS, ALT_NAMES] = ['550403', '551d13', '551d11'];

export function makeAuthority(name: string): Authority {
  const { privateKey, publicKey } = makeKeys();
  const make = (subject: string, key: KeyObject, isAuthority: boolean, options: IssueOptions = {}): string =>
    toPem('CERTIFICATE', signed(describe(name, subject, key, isAuthority, options), privateKey));
  return {
    cert: make(name, publicKey, true),
    key: keyPem(privateKey),
    issue(subject, options = {}) {
      const pair = makeKeys();
      return { cert: make(subject, pair.publicKey, false, options), key: keyPem(pair.privateKey) };
    },
  };
}

const makeKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function describe(
  issuer: string,
  subject: string,
  key: KeyObject,
  isAuthority: boolean,
  {
    names = [],
    from = new Date(Date.now() - DAY_MS),
    until = new Date(Date.now() + 90 * DAY_MS),
  }: IssueOptions,
): Buffer {
  const extensions = [
    ...(isAuthority
      ? [extension(BASIC_CONSTRAINTS, der(SEQUENCE, der(TAG.boolean, Buffer.from([0xff]))))]
      : []),
    ...(names.length > 0 ? [extension(ALT_NAMES, der(SEQUENCE, ...names.map(altName)))] : []),
  ];
  return der(
    SEQUENCE,
    der(0xa0, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    der(SEQUENCE, oid(ECDSA_SHA256)),
    nameOf(issuer),
    der(SEQUENCE, time(from), time(until)),
    nameOf(subject),
    key.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, der(SEQUENCE, ...extensions))] : []),
  );
}

function signed(described: Buffer, by: KeyObject): Buffer {
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', described, by)]);
  return der(SEQUENCE, described, der(SEQUENCE, oid(ECDSA_SHA256)), der(TAG.bits, signature));
}

function extension(hex: string, value: Buffer): Buffer {
  return der(SEQUENCE, oid(hex), der(TAG.octets, value));
}

function altName(name: string): Buffer {
  if (isIP(name) === 4) return der(0x87, Buffer.from(name.split('.').map(Number)));
  return der(0x82, Buffer.from(name, 'ascii'));
}

const nameOf = (common: string): Buffer =>
  der(SEQUENCE, der(SET, der(SEQUENCE, oid(COMMON_NAME), der(TAG.utf8, Buffer.from(common)))));

const oid = (hex: string): Buffer => der(TAG.oid, Buffer.from(hex, 'hex'));

/** GeneralizedTime, to the second. */
function time(date: Date): Buffer {
  return der(TAG.time, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

export function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
