/** Classifies the fields that a proxy must know by the bytes of their names, without creating strings. */

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
} as const;

/** The class of the field whose name is `memory[start..end)`. */
export function fieldClass(memory: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length > 8 && matches(memory, start, 'x-ficus-')) return FieldClass.ours;
  switch (length) {
    case 2:
      return matches(memory, start, 'te') ? FieldClass.hopByHop : 0;
    case 4:
      return matches(memory, start, 'date') ? FieldClass.date : 0;
    case 7:
      return matches(memory, start, 'upgrade') ? FieldClass.upgrade : 0;
    case 10:
      if (matches(memory, start, 'connection')) return FieldClass.connection;
      return matches(memory, start, 'keep-alive') ? FieldClass.keepAlive : 0;
    case 12:
      return matches(memory, start, 'content-type') ? FieldClass.contentType : 0;
    case 14:
      return matches(memory, start, 'content-length') ? FieldClass.contentLength : 0;
    case 16:
      return matches(memory, start, 'proxy-connection') ? FieldClass.hopByHop : 0;
    case 17:
      return matches(memory, start, 'transfer-encoding') ? FieldClass.transferEncoding : 0;
    case 18:
      return matches(memory, start, 'proxy-authenticate') ? FieldClass.hopByHop : 0;
    case 19:
      return matches(memory, start, 'proxy-authorization') ? FieldClass.hopByHop : 0;
    default:
      return FieldClass.endToEnd;
  }
}

function matches(memory: Buffer, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i += 1) {
    // Capitals differ from lower-case letters in bit 5; a hyphen already has that bit set.
    if ((memory[start + i]! | 32) !== name.charCodeAt(i)) return false;
  }
  return true;
}
