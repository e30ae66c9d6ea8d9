/**
 * What must hold for the response parser, whatever an upstream sends: it never throws; it accepts what the reference
 * reader accepts and nothing else, with the same head, body, trailers and end, written as the strict answer that it means;
 * and it makes no difference how the bytes are cut. (The samples stay below the parser's limits: the reference reader has none.)
 */
import type { HeadLines } from '../../../proxy/wire/head-lines.ts';
import { ResponseParser, type ResponseSink } from '../../../proxy/wire/response-parser.ts';
import { readResponse } from '../reference-reader.ts';
import { below, type Random, type Sample } from './mutate-response.ts';

/** Everything that the parser showed. */
interface Parsed {
  readonly kind: 'complete' | 'incomplete' | 'refused';
  readonly status: number;
  readonly interims: number;
  readonly body: string;
  readonly fields: readonly string[];
  readonly trailers: readonly string[];
  /** Bytes of the stream that came after the message. */
  readonly surplus: number;
  readonly persistent: boolean;
}

class Recorder implements ResponseSink {
  interims = 0;
  status = 0;
  body = '';
  fields: string[] = [];
  trailers: string[] = [];
  ends = 0;

  onInterim(head: HeadLines): void {
    this.interims += 1;
    void head.text(false);
  }

  onHead(head: HeadLines): boolean {
    if (this.status !== 0) throw new Error('two final heads');
    this.status = head.status;
    this.fields = head.fields(true);
    return true;
  }

  onBody(memory: Buffer, start: number, end: number): void {
    if (this.status === 0 || this.ends > 0) throw new Error('body outside its message');
    this.body += memory.latin1Slice(start, end);
  }

  onEnd(trailers: HeadLines | undefined): void {
    this.ends += 1;
    if (this.ends > 1) throw new Error('two ends');
    this.trailers = trailers?.fields(false) ?? [];
  }
}

/** Parses the text in pieces that end at `cuts`, in memory that is reused as the connections reuse theirs. */
export function parse({ method, text }: Sample, cuts: readonly number[]): Parsed {
  const parser = new ResponseParser();
  const sink = new Recorder();
  const memory = Buffer.alloc(65_536);
  parser.begin(method, false);
  let at = 0;
  for (const end of [...cuts, text.length]) {
    if (parser.done || parser.failed) break;
    // Earlier content must not matter.
    memory.fill(0x0a);
    const length = memory.write(text.slice(at, end), 'latin1');
    at = end;
    if (length > 0) parser.execute(sink, memory, length);
  }
  const closed = parser.done || parser.failed || at < text.length;
  if (!closed) parser.endOfStream(sink);
  const kind = parser.failed ? 'refused' : parser.done && sink.ends === 1 ? 'complete' : 'incomplete';
  const { interims, status, body, fields, trailers } = sink;
  const surplus = kind === 'complete' ? parser.surplusBytes + text.length - at : 0;
  return { kind, status, interims, body, fields, trailers, surplus, persistent: parser.persistent };
}

/** What the proxy removes from a head or a trailer section, from either side. */
const HOP = /^(connection|keep-alive|proxy-connection|te|upgrade|proxy-authenticate|proxy-authorization)$/i;
const NOT_IN_TRAILERS =
  /^(connection|keep-alive|proxy-connection|te|upgrade|proxy-auth.*|content-length|transfer-encoding)$/i;

/** What is wrong with the parser's result for a sample, or undefined. */
export function findFault(sample: Sample, random: Random): string | undefined {
  let whole: Parsed;
  try {
    whole = parse(sample, []);
    const fault = compareWithReference(sample, whole);
    if (fault) return fault;
    for (const cuts of [
      everyByte(sample.text),
      randomCuts(sample.text, random),
      randomCuts(sample.text, random),
    ]) {
      const cut = parse(sample, cuts);
      if (!same(whole, cut)) {
        return `cut at ${cuts.length > 20 ? 'every byte' : cuts} it is ${JSON.stringify(cut)}, whole ${JSON.stringify(whole)}`;
      }
    }
  } catch (error) {
    return `it throws: ${(error as Error).stack}`;
  }
  return undefined;
}

function compareWithReference({ method, text }: Sample, parsed: Parsed): string | undefined {
  const reading = readResponse(text, method, true, true);
  if (parsed.kind !== 'complete') {
    return reading.kind === 'complete' ? `${parsed.kind}, and the reference accepts it` : undefined;
  }
  if (reading.kind !== 'complete') {
    return `accepted, and the reference says ${reading.kind}${reading.kind === 'refused' ? ` (${reading.why})` : ''}`;
  }
  const { message } = reading;
  if (message.status !== parsed.status) return `status ${parsed.status}, the reference ${message.status}`;
  if (message.interims.length !== parsed.interims) return 'another count of interim responses';
  if (message.body !== parsed.body) return `body ${JSON.stringify(parsed.body)}`;
  if (message.rest.length !== parsed.surplus)
    return `surplus ${parsed.surplus}, the reference ${message.rest.length}`;
  if (parsed.persistent && (message.untilClose || message.http10 || message.claimsBody))
    return 'kept, although nothing may follow';
  const named = new Set(
    message.fields
      .filter(([name]) => /^connection$/i.test(name))
      .flatMap(([, value]) => value.split(',').map((option) => option.trim().toLowerCase()))
      .filter((name) => name !== 'content-length' && name !== 'transfer-encoding'),
  );
  const expected = message.fields
    .filter(([name]) => !HOP.test(name) && !named.has(name.toLowerCase()))
    .filter(([name]) => !(message.status === 204 && /^content-length$/i.test(name)))
    .flat();
  if (expected.join('\n') !== parsed.fields.join('\n')) return `fields ${JSON.stringify(parsed.fields)}`;
  const trailers = message.trailers.filter(([name]) => !NOT_IN_TRAILERS.test(name)).flat();
  return trailers.join('\n') === parsed.trailers.join('\n') ? undefined : `trailers ${parsed.trailers}`;
}

/**
 * Accepted messages must be equal in everything. Others may count as refused or incomplete: a bad line is checked when
 * it is complete.
 */
function same(one: Parsed, other: Parsed): boolean {
  if (one.kind !== 'complete' && other.kind !== 'complete') return true;
  return JSON.stringify(one) === JSON.stringify(other);
}

function everyByte(text: string): number[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, index) => index + 1);
}

function randomCuts(text: string, random: Random): number[] {
  const cuts = Array.from({ length: 1 + below(random, 4) }, () => below(random, text.length + 1));
  return [...new Set(cuts)].sort((one, other) => one - other);
}
