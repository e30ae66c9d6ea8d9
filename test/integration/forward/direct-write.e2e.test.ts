/** Writes past the stream, to readers that are faster than our second check. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

test('a write’s request object is not reused while libuv holds it', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'direct-write.ts')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (piece) => {
    said += piece;
  });
  const [status, signal] = await once(child, 'exit');
  expect({ status, signal, said }).toMatchObject({ status: 0, signal: null });
});
