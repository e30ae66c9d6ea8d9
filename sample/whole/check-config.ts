/**
 * Checks what Ficus needs before it starts: `ficus up` itself would serve, log what is missing, and retry, and the
 * sample would wait for it.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { ProcessFailed } from '../processes/managed-process.ts';

/**
 * @param ficus the command's file
 * @throws ProcessFailed with the findings
 */
export async function checkConfig(ficus: string, configFile: string): Promise<void> {
  const child = spawn(process.execPath, [ficus, 'check', '--live', '--config', configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const status = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const [words, code] = await Promise.all([text(child.stderr), status]);
  if (code !== 0) throw new ProcessFailed('ficus', code, words.trim());
}
