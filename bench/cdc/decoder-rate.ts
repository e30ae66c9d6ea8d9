/** The decoder alone, on bytes in memory: transactions of one row of five columns, framed as the server frames them. */

import type { ChangeVisitor } from '../../cdc/decode/change-visitor.ts';
import { readChanges } from '../../cdc/decode/read-changes.ts';
import { scanFrames } from '../../cdc/decode/scan-frames.ts';
import { encodeTuple } from '../../cdc/decode/tuple.ts';
import { median } from '../statistics.ts';

interface DecoderFigures {
  readonly rowsPerSecond: number;
}

export function measureDecoder(rows: number, rounds: number): DecoderFigures {
  const bytes = makeStream(rows);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let seen = 0;
    let commits = 0;
    const count = () => {
      seen++;
      return 0 as const;
    };
    const nothing = () => 0 as const;
    const visitor: ChangeVisitor = {
      begin: nothing,
      commit: () => {
        commits++;
        return 0;
      },
      relation: nothing,
      insert: count,
      update: count,
      delete: count,
      truncate: nothing,
      message: nothing,
    };
    const began = performance.now();
    const state = { scanned: 0, boundary: -1 };
    scanFrames(bytes, bytes.length, state, { keepalive: () => undefined, control: () => undefined });
    readChanges(bytes, 0, state.boundary, visitor);
    rates.push((rows / (performance.now() - began)) * 1000);
    if (seen !== rows || commits !== rows) throw new Error('the decoder lost a row');
  }
  return { rowsPerSecond: Math.round(median(rates)) };
}

function makeStream(rows: number): Buffer {
  const parts: Buffer[] = [];
  for (let row = 0; row < rows; row++) {
    const lsn = BigInt(row + 1) * 256n;
    const begin = Buffer.alloc(21);
    begin.write('B');
    begin.writeBigUInt64BE(lsn, 1);
    begin.writeInt32BE(row, 17);
    const commit = Buffer.alloc(26);
    commit.write('C');
    commit.writeBigUInt64BE(lsn, 2);
    commit.writeBigUInt64BE(lsn + 8n, 10);
    const head = Buffer.from('I\0\0\x40\0N', 'latin1');
    const tuple = encodeTuple([String(row), '7', '12.50', `row ${row}`, '2026-11-20 16:26:48.123456+00']);
    parts.push(frame(begin, lsn), frame(Buffer.concat([head, tuple]), lsn), frame(commit, lsn));
  }
  return Buffer.concat(parts);
}

function frame(message: Buffer, lsn: bigint): Buffer {
  const head = Buffer.alloc(30);
  head.write('d');
  head.writeInt32BE(29 + message.length, 1);
  head.write('w', 5);
  head.writeBigUInt64BE(lsn, 6);
  head.writeBigUInt64BE(lsn, 14);
  return Buffer.concat([head, message]);
}
