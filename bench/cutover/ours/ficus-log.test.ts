import { expect, test } from 'vitest';
import { readLog } from './ficus-log.ts';

test('warnings and errors are reported, in one line each, however the output is cut', () => {
  const lines: string[] = [];
  const read = readLog('control', (line) => lines.push(line));
  const output = [
    '{"level":30,"msg":"listening"}',
    '{"level":40,"time":"2026","service":"ficus-control","slice":"notes","msg":"behind"}',
    'not JSON',
    '{"level":50,"msg":"stopped"}',
    '{"level":50,"msg":"not whole',
  ].join('\n');
  for (let at = 0; at < output.length; at += 7) read(Buffer.from(output.slice(at, at + 7)));
  expect(lines).toEqual(['control: warning: behind {"slice":"notes"}', 'control: error: stopped {}']);
});
