/** A real Wagtail site (Django), for the suites of test:real: the admin, redirects, and their API. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '@ficus/tools';
import { installPythonPart } from './python-part.ts';

/** 6.3 has long-term support; 7.x needs Python 3.11.8. */
const REQUIREMENTS = ['wagtail==6.3.5', 'django==5.1.15', 'psycopg[binary]==3.3.9'];
const SITE = join(import.meta.dirname, '..', 'real', 'applications', 'wagtail-site');
const START_MS = 120_000;

export const WAGTAIL_USER = { name: 'admin', password: 'wagtail' } as const;

interface WagtailSite {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one on an empty database, with one administrator, and waits until it answers. */
export async function startWagtailSite(databaseUrl: string, directory: string): Promise<WagtailSite> {
  const python = await installPythonPart('wagtail-6.3.5', REQUIREMENTS);
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    MEDIA_ROOT: join(directory, 'media'),
    DJANGO_SETTINGS_MODULE: 'settings',
    DJANGO_SUPERUSER_PASSWORD: WAGTAIL_USER.password,
    PYTHONPATH: SITE,
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const manage = (...args: readonly string[]) =>
    promisify(execFile)(python, ['-m', 'django', ...args], { env });
  await manage('migrate');
  await manage('createsuperuser', '--noinput', '--username', WAGTAIL_USER.name, '--email', 'admin@site.test');
  const port = await freePort();
  const output: string[] = [];
  const child = spawn(python, ['-m', 'django', 'runserver', '--noreload', `127.0.0.1:${port}`], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(String(data)));
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + START_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    const response = await fetch(`${url}/admin/login/`).catch(() => undefined);
    if (response?.ok) return { url, stop };
    await sleep(200);
  }
  await stop();
  throw new Error(`the Wagtail site did not start:\n${output.join('')}`);
}
