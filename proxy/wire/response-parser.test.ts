import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeadLines } from './head-lines.ts';
import { ResponseParser } from './response-parser.ts';

/** Everything that a parser reports about these pieces. */
function parse(pieces: readonly string[], method = 'GET', ends = false) {
  const parser = new ResponseParser();
  const said = {
    interim: [] as string[],
    head: '',
    body: '',
    trailers: '',
    done: false,
    error: '',
    surplus: 0,
  };
  const sink = {
    onInterim: (head: HeadLines) => said.interim.push(`${head.statusText()}\r\n${head.text(true)}`),
    onHead: (head: HeadLines) => {
      said.head = `${head.statusText()}\r\n${head.text(true)}`;
      return true;
    },
    onBody: (memory: Buffer, start: number, end: number) => {
      said.body += memory.latin1Slice(start, end);
    },
    onEnd: (trailers: HeadLines | undefined) => {
      said.done = true;
      said.trailers = trailers?.text(false) ?? '';
    },
  };
  parser.begin(method, false);
  // Each piece in the same memory, as from a socket: what is kept must have been copied.
  const memory = Buffer.alloc(100_000);
  for (const piece of pieces) {
    memory.fill(0xff);
    memory.write(piece, 'latin1');
    parser.execute(sink, memory, piece.length);
    said.surplus += parser.done ? parser.surplusBytes : 0;
  }
  if (ends) parser.endOfStream(sink);
  said.error = parser.error;
  return { ...said, persistent: parser.persistent };
}

const cut = (text: string, at: readonly number[]): string[] => {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length));
};

describe('ResponseParser', () => {
  it('closes the gaps of dropped fields in memory, with the same result as its text', () => {
    const line = fc.constantFrom(
      'Connection: keep-alive\r\n',
      'Keep-Alive: timeout=5\r\n',
      'X-Long: some value that is longer than a gap\r\n',
      'A: b\r\n',
      'Proxy-Connection: x\r\n',
    );
    const lines = fc.array(line, { maxLength: 7 });
    fc.assert(
      fc.property(
        lines,
        lines,
        fc.boolean(),
        fc.boolean(),
        fc.nat(40),
        (before, after, chunked, keeps, at) => {
          const framing = chunked ? 'Transfer-Encoding: chunked\r\n' : 'Content-Length: 4\r\n';
          const body = chunked ? '4\r\nbody\r\n0\r\n\r\n' : 'body';
          const text = `HTTP/1.1 200 OK\r\n${before.join('')}${framing}${after.join('')}\r\n${body}`;
          const memory = Buffer.from(' '.repeat(at) + text, 'latin1');
          const seen = { whole: '', packed: '', body: '' };
          const parser = new ResponseParser();
          parser.begin('GET', false);
          const sink = {
            onInterim: () => undefined,
            onHead: (head: HeadLines) => {
              seen.whole = head.wholeText(keeps);
              seen.packed = head.memory.latin1Slice(head.pack(keeps), head.end);
              return true;
            },
            onBody: (bytes: Buffer, from: number, to: number) => {
              seen.body += bytes.latin1Slice(from, to);
            },
            onEnd: () => undefined,
          };
          parser.execute(sink, memory.subarray(at), text.length);
          expect(parser.error).toBe('');
          expect(seen).toEqual({ whole: seen.whole, packed: `${seen.whole}\r\n`, body: 'body' });
          expect(memory.latin1Slice(0, at)).toBe(' '.repeat(at));
        },
      ),
    );
  });

  it('delimits a body by its length, by chunks, by the end of the stream', () => {
    expect(parse(['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'])).toMatchObject({
      head: '200 OK\r\nContent-Length: 3\r\n',
      body: 'abc',
      done: true,
      persistent: true,
    });
    expect(
      parse([
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x="y"\r\nab\r\n00A\r\n0123456789\r\n0\r\nX: 1\r\n\r\n',
      ]),
    ).toMatchObject({ body: 'ab0123456789', trailers: 'X: 1\r\n', done: true });
    expect(parse(['HTTP/1.1 200 OK\r\n\r\nabc'])).toMatchObject({
      body: 'abc',
      done: false,
      persistent: false,
    });
    expect(parse(['HTTP/1.1 200 OK\r\n\r\nabc'], 'GET', true)).toMatchObject({ body: 'abc', done: true });
  });

  it('has no body after HEAD, 204 and 304', () => {
    expect(parse(['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n'], 'HEAD')).toMatchObject({
      done: true,
      surplus: 0,
    });
    expect(parse(['HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\nabc'])).toMatchObject({
      done: true,
      surplus: 3,
    });
    expect(parse(['HTTP/1.1 204 No\r\n\r\n'])).toMatchObject({ done: true, persistent: true });
  });

  it('removes hop-by-hop fields, and those that Connection names', () => {
    const { head } = parse([
      'HTTP/1.1 200 OK\r\nA: 1\r\nConnection: X-Hop, close\r\nKeep-Alive: x\r\nX-HOP: y\r\nUpgrade: z\r\nB:  2 \r\nContent-Length: 0\r\n\r\n',
    ]);
    expect(head).toBe('200 OK\r\nA: 1\r\nB: 2\r\nContent-Length: 0\r\n');
  });

  it('reports how many bytes came after the end', () => {
    expect(parse(['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc'])).toMatchObject({
      body: 'a',
      surplus: 2,
    });
    expect(parse(['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx'])).toMatchObject({
      surplus: 1,
    });
  });

  it.each([
    ['both framings', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n'],
    ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n'],
    ['a length beyond the limit', `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(20)}\r\n\r\n`],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['an unexpected 101', 'HTTP/1.1 101 Up\r\nUpgrade: x\r\n\r\n'],
    ['lengths that differ in a list', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n'],
    ['a length and a space that is none', 'HTTP/1.1 200 OK\nContent-Length: 1\xa0\n\n'],
    ['an interim body', 'HTTP/1.1 103 Hi\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n'],
    ['a folded first line', 'HTTP/1.1 200 OK\r\n A: 1\r\n\r\n'],
    ['a bare CR where lines end in LF', 'HTTP/1.1 200 OK\nA: 1\rB: 2\n\n'],
    ['a bare CR in the last line', 'HTTP/1.1 200 OK\nA: 1\n\rB'],
    ['an endless head of LF lines', `HTTP/1.1 200 OK\n${'A: b\n'.repeat(20_000)}`],
    ['an endless folded line', `HTTP/1.1 200 OK\r\nA: b\r\n${' c\r\n'.repeat(20_000)}`],
    ['no colon', 'HTTP/1.1 200 OK\r\nA\r\n\r\n'],
    ['an empty name', 'HTTP/1.1 200 OK\r\n: 1\r\n\r\n'],
    ['a bare CR', 'HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n'],
    ['a NUL', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n'],
    ['another protocol', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a short status', 'HTTP/1.1 20 OK\r\nA: 1\r\n\r\n'],
    ['a long status', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['bytes before the status line', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['a bad chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n'],
    ['a chunk size with a prefix', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n'],
    ['a negative chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n'],
    ['a huge chunk size', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'f'.repeat(16)}\r\n`],
    ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(20_000)}`],
    ['an endless field', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(70_000)}`],
    ['endless extensions', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}`],
    [
      'endless trailers',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ${'b'.repeat(20_000)}`,
    ],
    ['a flood of interim responses', 'HTTP/1.1 103 Hi\r\n\r\n'.repeat(40)],
  ])('refuses %s, wherever it is cut', (_what, text) => {
    const whole = parse(cut(text, [90_000]));
    expect(whole.error).not.toBe('');
    expect(whole.done).toBe(false);
    expect(parse(text.match(/.{1,7}/gs)!).error).not.toBe('');
  });

  const chunked = 'Transfer-Encoding: chunked\r\n';
  it.each([
    [
      'lines that end in LF',
      'GET',
      'HTTP/1.1 200 OK\nA: 1\nContent-Length: 2\n\nok',
      'A: 1\r\nContent-Length: 2\r\n',
    ],
    [
      'both kinds of line ends',
      'GET',
      'HTTP/1.1 200 OK\r\nA: 1\nContent-Length: 2\r\n\nok',
      'A: 1\r\nContent-Length: 2\r\n',
    ],
    [
      'the same length twice',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: 1\r\ncontent-length: 2\r\n\r\nok',
      'Content-Length: 2\r\nA: 1\r\n',
    ],
    [
      'a list of equal lengths',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok',
      'Content-Length: 2\r\n',
    ],
    [
      'a folded line',
      'GET',
      'HTTP/1.1 200 OK\r\nA: 1 \r\n\t b\r\nContent-Length: 2\r\n\r\nok',
      'A: 1 b\r\nContent-Length: 2\r\n',
    ],
    [
      'a folded framing',
      'GET',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      chunked,
    ],
    [
      'a space before a colon',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok',
      'Content-Length: 2\r\n',
    ],
    [
      'another minor version',
      'GET',
      'HTTP/1.3 200 OK\r\nContent-Length: 2\r\n\r\nok',
      'Content-Length: 2\r\n',
    ],
    [
      'spaces before the status',
      'GET',
      'HTTP/1.1   200 OK\r\nContent-Length: 2\r\n\r\nok',
      'Content-Length: 2\r\n',
    ],
    [
      'control characters',
      'GET',
      'HTTP/1.1 200 OK\r\nA: \x01\x0b\x7f\r\nContent-Length: 2\r\n\r\nok',
      'A: \x01\x0b\x7f\r\nContent-Length: 2\r\n',
    ],
    ['chunk lines that end in LF', 'GET', `HTTP/1.1 200 OK\r\n${chunked}\r\n1\no\n1;x\nk\r\n0 \n\n`, chunked],
    [
      'no body, chunked and counted',
      'HEAD',
      `HTTP/1.1 200 OK\r\nContent-Length: 9\r\n${chunked}\r\n`,
      chunked,
    ],
  ])('reads %s as the one thing that they mean, wherever it is cut', (_, method, text, head) => {
    const body = method === 'HEAD' ? '' : 'ok';
    const read = { head: `200 OK\r\n${head}`, body, done: true, error: '', surplus: 0 };
    expect(parse([text], method)).toMatchObject(read);
    for (let at = 1; at < text.length; at += 1) expect(parse(cut(text, [at]), method)).toMatchObject(read);
    expect(parse([...text], method)).toMatchObject(read);
  });

  it.each([
    ['204', 'Content-Length: 0\r\n', true],
    ['204', 'Content-Length: 7\r\n', false],
    ['204', chunked, false],
    ['204', `Content-Length: 3\r\n${chunked}`, false],
    ['204', 'Content-Length: none\r\n', false],
    ['304', `${chunked}Content-Length: 3\r\n`, false],
  ])(
    'reads a %s with %j as one without a body; what follows on its connection is no answer',
    (status, fields, persistent) => {
      const said = parse([`HTTP/1.1 ${status} No\r\nA: 1\r\n${fields}\r\n`]);
      expect(said).toMatchObject({ done: true, body: '', persistent });
      expect(said.head).toBe(`${status} No\r\nA: 1\r\n${status === '304' ? chunked : ''}`);
    },
  );

  it.each([
    ['', true],
    ['Content-Length: 0\r\n', true],
    ['Content-Length: 38\r\n', false],
    [chunked, false],
    [`${chunked}Content-Length: 4\r\n`, false],
    ['Connection: close\r\n', false],
  ])(
    'reads an interim response with %j as one without a body; nothing follows what may have been one',
    (fields, persistent) => {
      const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
      const hints = `HTTP/1.1 103 Hi\r\nLink: x\r\n${fields}\r\n`;
      const read = { interim: ['103 Hi\r\nLink: x\r\n'], done: true, persistent };
      expect(parse([hints + ok])).toMatchObject(read);
      // The interim response after it does not make up for it.
      const both = `${hints}HTTP/1.1 102 Wait\r\n\r\n`;
      expect(parse([both, ok])).toMatchObject({ done: true, persistent });
    },
  );

  it('takes no longer for a head than for its bytes', () => {
    const before = process.threadCpuUsage();
    const spaces = ' '.repeat(60_000);
    for (const text of [
      `HTTP/1.1 200 OK\nA: b${spaces}c\n\n`,
      `HTTP/1.1${spaces}\n\n`,
      `HTTP/1.1 200 OK\nA${spaces}\n`,
    ])
      parse([text]);
    parse([`HTTP/1.1 200 OK\nA: ${'b'.repeat(60_000)}\n${' c\n'.repeat(500)}\n`]);
    // Microseconds of the processor: the clock's would count what else the machine does.
    expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
  });

  it('reads a response in the same way, wherever it is cut', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,8}$/);
    const value = fc.stringMatching(/^[ -~]{0,12}$/);
    const fields = fc.array(fc.tuple(name, value), { maxLength: 5 });
    const lines = (list: readonly (readonly [string, string])[]) =>
      list
        .filter(([field]) => !/^(connection|te|upgrade|trailer|date|keep-alive)$/i.test(field))
        .map(([field, text]) => `X-${field}: ${text}\r\n`)
        .join('');
    const chunks = fc.array(fc.string({ minLength: 1, maxLength: 30, unit: 'binary-ascii' }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(
        fields,
        chunks,
        fields,
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 12 }),
        (head, parts, tail, hint, at) => {
          const interim = hint ? 'HTTP/1.1 103 Early\r\nLink: x\r\n\r\n' : '';
          const framed = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
          const start = `${interim}HTTP/1.1 200 OK\r\n${lines(head)}`;
          const chunked = `${start}Transfer-Encoding: chunked\r\n\r\n${framed}0\r\n${lines(tail)}\r\n`;
          const sized = `${start}Content-Length: ${parts.join('').length}\r\n\r\n${parts.join('')}`;
          for (const text of [chunked, sized]) {
            const whole = parse([text]);
            expect(whole).toMatchObject({ done: true, error: '', body: parts.join(''), surplus: 0 });
            expect(parse(cut(text, at))).toEqual(whole);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
