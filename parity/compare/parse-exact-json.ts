/**
 * Reads JSON and keeps the text of each number. `JSON.parse` with a reviver does the same in ten times the time. Most
 * documents hold only numbers whose text follows from their value (few digits, no exponent, no trailing zero):
 * `JSON.parse` reads those, as plain numbers. When a member is named twice the last one counts, as everywhere in
 * JavaScript.
 */
import { type ExactJson, JsonNumber } from './exact-json.ts';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_MEMBERS = 0x7b;
const CLOSE_MEMBERS = 0x7d;

/**
 * A number that may share its value with another text: -0, a trailing zero, more digits than a double holds, an
 * exponent, or so small that it would be printed with one. It may also match inside a string: that only costs time.
 * Long runs of digits match at their 16th, whatever follows: V8 throws where an expression has to step back over millions.
 */
const AMBIGUOUS_NUMBER =
  /(?:^|[:,[\s])(?:-?[\d.]{16}|-?[\d.]+[eE][+-]?\d{16}|(?:-0|-?\d+\.\d*0|-?0\.0{5}\d*|-?[\d.]+[eE][+-]?\d{1,15})(?=[\s,\]}]|$))/;

/**
 * Both documents, parsed in the same way; `undefined` when one is not JSON.
 * @throws RangeError when one is nested deeper than the stack
 */
export function parseExactPair(left: string, right: string): readonly [ExactJson, ExactJson] | undefined {
  const isExact = AMBIGUOUS_NUMBER.test(left) || AMBIGUOUS_NUMBER.test(right);
  const parse = isExact ? parseExactJson : (text: string) => JSON.parse(text) as ExactJson;
  try {
    return [parse(left), parse(right)];
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * @throws SyntaxError when the text is not JSON
 * @throws RangeError when it is nested deeper than the stack
 */
export function parseExactJson(text: string): ExactJson {
  return new ExactJsonParser(text).document();
}

class ExactJsonParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): ExactJson {
    const value = this.#value();
    this.#next();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(): ExactJson {
    const code = this.#next();
    switch (code) {
      case OPEN_MEMBERS:
        return this.#members();
      case OPEN_LIST:
        return this.#items();
      case QUOTE:
        return this.#string();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #items(): ExactJson {
    const items: ExactJson[] = [];
    this.#at += 1;
    if (this.#next() === CLOSE_LIST) {
      this.#at += 1;
      return items;
    }
    for (;;) {
      items.push(this.#value());
      if (this.#endsAt(CLOSE_LIST)) return items;
    }
  }

  #members(): ExactJson {
    const members: Record<string, ExactJson> = {};
    this.#at += 1;
    if (this.#next() === CLOSE_MEMBERS) {
      this.#at += 1;
      return members;
    }
    for (;;) {
      if (this.#next() !== QUOTE) throw this.#unexpected();
      const name = this.#string();
      if (this.#next() !== COLON) throw this.#unexpected();
      this.#at += 1;
      addMember(members, name, this.#value());
      if (this.#endsAt(CLOSE_MEMBERS)) return members;
    }
  }

  /** After an item or member: true at the end, false at a comma. */
  #endsAt(close: number): boolean {
    const code = this.#next();
    if (code !== close && code !== COMMA) throw this.#unexpected();
    this.#at += 1;
    return code === close;
  }

  #string(): string {
    const from = this.#at;
    let hasEscapes = false;
    for (this.#at += 1; ; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        hasEscapes = true;
        this.#at += 1;
      } else if (!(code >= SPACE)) throw this.#unexpected(); // NaN at the end of the text
    }
    this.#at += 1;
    if (!hasEscapes) return this.#text.slice(from + 1, this.#at - 1);
    return JSON.parse(this.#text.slice(from, this.#at)) as string;
  }

  /** RFC 8259, section 6. */
  #number(): JsonNumber {
    const from = this.#at;
    if (this.#code() === MINUS) this.#at += 1;
    if (this.#code() === ZERO) this.#at += 1;
    else this.#digits();
    if (this.#code() === DOT) {
      this.#at += 1;
      this.#digits();
    }
    // e or E
    if ((this.#code() | SPACE) === 0x65) {
      this.#at += 1;
      if (this.#code() === PLUS || this.#code() === MINUS) this.#at += 1;
      this.#digits();
    }
    return new JsonNumber(this.#text.slice(from, this.#at));
  }

  #digits(): void {
    const from = this.#at;
    let code = this.#code();
    while (code >= ZERO && code <= NINE) {
      this.#at += 1;
      code = this.#code();
    }
    if (this.#at === from) throw this.#unexpected();
  }

  #word<Value extends boolean | null>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
    return value;
  }

  /** Steps over white space. NaN at the end. */
  #next(): number {
    let code = this.#code();
    while (code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB) {
      this.#at += 1;
      code = this.#code();
    }
    return code;
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at);
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`Unexpected text at position ${this.#at} of the JSON document`);
  }
}

/** A member like any other, as for `JSON.parse`: assigned, it would become the prototype. */
function addMember(members: Record<string, ExactJson>, name: string, value: ExactJson): void {
  if (name !== '__proto__') members[name] = value;
  else Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
}
