/** Classifies the fields that a proxy must know by the bytes of their names, without creating strings. */
import { HOP_BY_HOP } from './hop-by-hop.ts';

export const FieldClass = {
  endToEnd: 0,
  connection: 1,
  keepAlive: 2,
  /** Belongs to one hop and has no meaning for us: Proxy-Connection, TE, Proxy-Authenticate … */
  hopByHop: 3,
  transferEncoding: 4,
  contentLength: 5,
  date: 6,
  contentType: 7,
  upgrade: 8,
  /** x-ficus-…: reserved for the proxy. A client would trust an upstream that sets them. */
  ours: 9,
  wwwAuthenticate: 10,
  setCookie: 11,
  /** Has a URL of the upstream's in it. */
  place: 12,
} as const;

type Class = (typeof FieldClass)[keyof typeof FieldClass];

const LONGEST = 31;

/** The fields to know. All hop-by-hop ones without a class of their own are of the class `hopByHop`. */
const KNOWN: readonly (readonly [name: string, meant: Class])[] = [
  ...new Map<string, Class>([
    ...HOP_BY_HOP.map((name) => [name, FieldClass.hopByHop] as const),
    ['connection', FieldClass.connection],
    ['keep-alive', FieldClass.keepAlive],
    ['transfer-encoding', FieldClass.transferEncoding],
    ['content-length', FieldClass.contentLength],
    ['date', FieldClass.date],
    ['content-type', FieldClass.contentType],
    ['upgrade', FieldClass.upgrade],
    ['www-authenticate', FieldClass.wwwAuthenticate],
    ['set-cookie', FieldClass.setCookie],
    ['location', FieldClass.place],
    ['content-location', FieldClass.place],
    ['link', FieldClass.place],
    ['refresh', FieldClass.place],
  ]),
];

/** Position in `KNOWN`, plus one, by length and first letter: one look rules out nearly every other field. */
const PLACES = new Uint8Array(1024);
const NAMES = KNOWN.map(([name]) => name);
const MEANT = Uint8Array.from(KNOWN, ([, meant]) => meant);
for (const [at, name] of NAMES.entries()) {
  const place = (name.length << 5) | (name.charCodeAt(0) & 31);
  if (name.length > LONGEST || PLACES[place] !== 0) throw new Error(`no place for the field ${name}`);
  PLACES[place] = at + 1;
}

/** The class of the field whose name is `memory[start..end)`. */
export function fieldClass(memory: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length > 8 && matches(memory, start, 'x-ficus-')) return FieldClass.ours;
  if (length > LONGEST) return FieldClass.endToEnd;
  const place = PLACES[(length << 5) | (memory[start]! & 31)]!;
  if (place === 0) return FieldClass.endToEnd;
  return matches(memory, start, NAMES[place - 1]!) ? MEANT[place - 1]! : FieldClass.endToEnd;
}

function matches(memory: Buffer, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i += 1) {
    // Capitals differ from lower-case letters in bit 5; a hyphen already has that bit set.
    if ((memory[start + i]! | 32) !== name.charCodeAt(i)) return false;
  }
  return true;
}
