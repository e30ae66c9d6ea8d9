/**
 * Responses to feed a parser: valid ones assembled from parts that matter to framing, then damaged. Everything follows
 * from one seed, so that a finding can be repeated.
 */

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)]!;
}

export interface Sample {
  readonly method: 'GET' | 'HEAD';
  /** As latin1. */
  readonly text: string;
}

const STATUS_LINES = [
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200',
  'HTTP/1.1 200 ',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 404 \xe9',
  'HTTP/1.1 999 x\ty',
];
const FIELDS = [
  'Date: D',
  'X-Empty:',
  'X-Space: \t a b \t',
  'x: \xff',
  '__proto__: p',
  'Connection: close',
  'Connection: keep-alive, x',
  'Connection: content-length',
  'Keep-Alive: timeout=5',
  'Content-Type: text/event-stream',
  'Upgrade: h2c',
  'Trailer: X-Sum',
  'Set-Cookie: a=b',
];
const BODIES = [
  '',
  'x',
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  '0\r\n\r\n',
  'a\r\n\r\nb',
  'z'.repeat(300),
];
const INTERIMS = ['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n'];
const SURPLUS = ['\r\n', 'x', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'];

/** Bytes to insert anywhere: those that parsers disagree about. */
const TROUBLE = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\r\n\r\n',
    '\0',
    ' ',
    '\t',
    '\x0b',
    '\x7f',
    '\x85',
    '\xa0',
    ':',
    ';',
    ',',
    '+',
    '-',
    '0',
  ],
  ...[
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: identity\r\n',
    ' folded\r\n',
    '\n\tfolded\n \n',
    'Content-Length : 3\n',
    'Content-Length: 3, 3\r\n',
  ],
  ...['chunked', 'chunked, ', '0x', 'f', 'HTTP/1.1 ', 'HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n', '0\r\n\r\n'],
];

/** A body as chunks, in one of the many ways. */
export function chunksOf(random: Random, body: string): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const size = 1 + below(random, Math.min(40, body.length - at));
    const zeros = pick(random, ['', '', '', '0', '000']);
    const extension = pick(random, ['', '', '', ';a', ';a="b;c"', ' ', '\t;x=y']);
    text += `${zeros}${size.toString(16)}${extension}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  const trailers = pick(random, ['', '', 'X-Sum: 1\r\n', 'Content-Length: 9\r\nX: y\r\n']);
  return `${text}0${pick(random, ['', ';z'])}\r\n${trailers}\r\n`;
}

function validResponse(random: Random): Sample {
  const method = random() < 0.15 ? 'HEAD' : 'GET';
  const interims = random() < 0.15 ? pick(random, INTERIMS).repeat(1 + below(random, 2)) : '';
  const statusLine = pick(random, STATUS_LINES);
  const fields = Array.from({ length: below(random, 4) }, () => pick(random, FIELDS));
  const body = pick(random, BODIES);
  const framing = pick(random, ['length', 'length', 'chunked', 'chunked', 'chunked', 'close'] as const);
  if (framing === 'length')
    fields.push(`${pick(random, ['Content-Length', 'content-length'])}: ${body.length}`);
  if (framing === 'chunked')
    fields.push(`Transfer-Encoding: ${pick(random, ['chunked', 'Chunked', '\tchunked '])}`);
  fields.sort(() => random() - 0.5);
  const bodiless = method === 'HEAD' || /204|304/.test(statusLine);
  const content = bodiless ? '' : framing === 'chunked' ? chunksOf(random, body) : body;
  const surplus = random() < 0.1 ? pick(random, SURPLUS) : '';
  const lines = [statusLine, ...fields].map((line) => `${line}\r\n`).join('');
  const text = `${interims}${lines}\r\n${content}${surplus}`;
  return { method, text: random() < 0.1 ? text.replaceAll('\r\n', '\n') : text };
}

/** One piece of damage: something inserted, removed, changed, doubled, or cut off. */
export function damage(random: Random, text: string): string {
  const at = below(random, text.length + 1);
  const to = Math.min(text.length, at + 1 + below(random, 6));
  switch (below(random, 6)) {
    case 0:
      return text.slice(0, at) + pick(random, TROUBLE) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, at) + String.fromCharCode(below(random, 256)) + text.slice(at + 1);
    case 3:
      return text.slice(0, to) + text.slice(at);
    case 4: {
      // A whole line twice, or at another place: duplicate and reordered fields.
      const lines = text.split('\r\n');
      lines.splice(below(random, lines.length), 0, pick(random, lines));
      return lines.join('\r\n');
    }
    default:
      return text.slice(0, at);
  }
}

/** A response, damaged up to four times; one in five stays undamaged. */
export function makeSample(random: Random): Sample {
  const sample = validResponse(random);
  let { text } = sample;
  for (let times = below(random, 5); times > 0; times -= 1) text = damage(random, text);
  return { method: sample.method, text };
}
