import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test.skipIf(process.platform === 'win32')('a full disk leaves nothing half-written', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ficus-sample-'));
  const program = `
    import { writeConfig } from ${JSON.stringify(join(import.meta.dirname, 'write-config.ts'))};
    const values = new Proxy({}, { get: () => 'x' });
    await writeConfig(process.argv[1], values).catch(({ code }) => console.log(code));`;
  // A file that may not grow refuses as a full disk does.
  const shell = 'ulimit -f 1; exec "$0" --input-type=module -e "$1" "$2"';
  const { stdout } = spawnSync('sh', ['-c', shell, process.execPath, program, directory]);
  expect(stdout.toString().trim()).toBe('EFBIG');
  expect(readdirSync(directory)).toEqual([]);
  rmSync(directory, { recursive: true });
});
