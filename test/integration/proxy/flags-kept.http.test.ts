/** The last known flags: a proxy that starts while the source of its flags is away continues with those of its last run. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy } from '../../../proxy/index.ts';
import { explain } from './explain-rig.ts';
import { ask, noteFlags, type Rig, startRig, until } from './rig.ts';

let server: Server;
let url: string;
let rig: Rig;
let folder: string;
let away = false;
let features: unknown[] = [];
let segments: unknown;
let questions = 0;
let proxies: RunningProxy[] = [];
let logs: Record<string, unknown>[] = [];

beforeEach(async () => {
  [away, features, proxies, logs] = [false, noteFlags(100, 0), [], []];
  segments = [];
  folder = await mkdtemp(join(tmpdir(), 'ficus-flags-'));
  server = createServer((request, response) => {
    if (away) request.socket.destroy();
    else if (request.url!.endsWith('/client/features')) {
      response.setHeader('content-type', 'application/json');
      questions += 1;
      response.end(JSON.stringify({ version: 2, features, segments }));
    } else if (request.url === '/api/v1/link/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: state\ndata: {"slices":{}}\n\n');
    } else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  rig = await startRig();
});

afterEach(async () => {
  for (const proxy of proxies) await proxy.stop();
  await rig.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(flags: Record<string, unknown> = {}): Promise<RunningProxy> {
  const unleash = { url: `${url}/api`, token: 'a-client-token', refreshMs: 20 };
  const logger = pino({ level: 'info' }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  const given = { provider: 'unleash' as const, environment: 'default', unleash, backup: folder, ...flags };
  const config = { ...rig.config(), flags: given };
  const controlUrl = given.provider === ('builtin' as string) ? url : undefined;
  const proxy = await startProxy({ config, controlUrl, inProcess: true, logger });
  proxies.push(proxy);
  return proxy;
}

async function restart(flags: Record<string, unknown> = {}): Promise<RunningProxy> {
  await proxies.pop()!.stop();
  logs.length = 0;
  return start(flags);
}

const side = async ({ address }: RunningProxy) =>
  (await ask(`${address}/api/notes`, { headers: { cookie: 'sid=a' } })).side;
const ready = async ({ adminAddress }: RunningProxy) =>
  JSON.parse((await ask(`${adminAddress}/readyz`)).text) as { status: string; flagsOf?: string };
const warnings = () => logs.filter(({ level }) => level === 40).map(({ msg }) => String(msg));

describe('a proxy that restarts while its flags’ source is away', () => {
  it('serves as before, says since when, and takes new flags when the source is back', async () => {
    const before = await start();
    expect([await side(before), await ready(before)]).toEqual(['candidate', { status: 'ready' }]);
    away = true;
    const proxy = await restart();
    expect(await side(proxy)).toBe('candidate');
    const { flagsOf } = await ready(proxy);
    expect(Math.abs(Date.now() - Date.parse(flagsOf!))).toBeLessThan(60_000);
    expect(await explain({ proxy }, { as: 'a' })).toMatchObject({
      serve: 'candidate',
      flags: { provider: 'unleash', state: 'last known', receivedAt: flagsOf },
    });
    expect(logs).toContainEqual(expect.objectContaining({ flagsOf, level: 40 }));
    features = noteFlags(0, 0);
    away = false;
    await until(async () => (await side(proxy)) === 'legacy', 'new flags');
    expect(await ready(proxy)).toEqual({ status: 'ready' });
  });

  it('keeps them across several restarts, and after a flip', async () => {
    const before = await start();
    features = noteFlags(0, 0);
    await until(async () => (await side(before)) === 'legacy', 'flipped');
    away = true;
    await restart();
    expect(await side(await restart())).toBe('legacy');
  });

  it('does so for built-in flags, too', async () => {
    const builtin = { provider: 'builtin', environment: 'default', unleash: undefined };
    expect(await side(await start(builtin))).toBe('candidate');
    away = true;
    server.closeAllConnections();
    const proxy = await restart(builtin);
    expect(await side(proxy)).toBe('candidate');
    expect((await ready(proxy)).flagsOf).toBeDefined();
  });

  it.each([
    ['of another token', { unleash: { url: 'URL', token: 'another', refreshMs: 20 } }],
    ['that were not to be kept', { backup: false }],
    ['of a place without a base', { backup: 'relative' }],
  ])('takes no flags %s', async (_, flags) => {
    const text = JSON.stringify(flags).replace('URL', `${url}/api`);
    await start();
    away = true;
    const proxy = await restart(JSON.parse(text) as Record<string, unknown>);
    expect(await side(proxy)).toBe('legacy');
    expect((await ask(`${proxy.adminAddress}/readyz`)).status).toBe(503);
  });
});

type Spoilt = [what: string, spoil: (file: string) => Promise<unknown>];

describe('the file', () => {
  it('is readable by its owner only, and whole: nothing else is left in the directory', async () => {
    await start({ backup: join(folder, 'a', 'b') });
    await proxies.pop()!.stop();
    const names = await readdir(join(folder, 'a', 'b'));
    expect(names).toEqual([expect.stringMatching(/^flags-[0-9a-f]{16}\.json$/)]);
    const file = join(folder, 'a', 'b', names[0]!);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).not.toContain('a-client-token');
  });

  it.each([
    '',
    '{"set":{"features":[',
    '{"set":{"features":{}},"receivedAt":"2026-01-01"}',
    '{"set":{"features":[]}}',
  ])('is not believed when it says %j', async (text) => {
    await start();
    await proxies.pop()!.stop();
    const [name] = await readdir(folder);
    await writeFile(join(folder, name!), text);
    away = true;
    const proxy = await start();
    expect(await side(proxy)).toBe('legacy');
    expect(warnings().join()).toContain('are not used');
  });

  /** Only root can make files of others. */
  const ofAnother =
    process.getuid?.() === 0 ? ([['of another user', (file) => chown(file, 4711, 4711)]] as Spoilt[]) : [];
  it.each<Spoilt>([
    ...ofAnother,
    [
      'that is a link',
      async (file) => {
        await rename(file, `${file}.real`);
        await symlink(`${file}.real`, file);
      },
    ],
    [
      'that is a pipe',
      async (file) => {
        await rm(file);
        execFileSync('mkfifo', [file]);
      },
    ],
  ])('%s decides no flags, and the log says why', async (_, spoil) => {
    await start();
    await proxies.pop()!.stop();
    const [name] = await readdir(folder);
    await spoil(join(folder, name!));
    away = true;
    expect(await side(await start())).toBe('legacy');
    expect(warnings().join()).toMatch(
      /last known flags in \S+ are not used: it (belongs to another user|is a symbolic link|is not a regular file)/,
    );
  });

  it.runIf(process.getuid?.() === 0)(
    'in a directory that would not be believed is a warning at once',
    async () => {
      const foreign = join(folder, 'foreign');
      await mkdir(foreign);
      await chown(foreign, 4711, 4711);
      await start({ backup: foreign });
      await proxies.pop()!.stop();
      expect(warnings().join()).toMatch(/cannot be kept in \S+: its directory belongs to another user/);
    },
  );

  it('may lie behind a link to its directory, as volumes do', async () => {
    const [real, link] = [join(folder, 'real'), join(folder, 'link')];
    await mkdir(real);
    await symlink(real, link);
    await start({ backup: link });
    away = true;
    expect(await side(await restart({ backup: link }))).toBe('candidate');
    expect(warnings().join()).not.toContain('cannot be kept');
  });

  it('that cannot be written is a warning, once, with what to do', async () => {
    const closed = join(folder, 'closed');
    await writeFile(closed, '');
    await chmod(closed, 0o400);
    const proxy = await start({ backup: closed });
    features = noteFlags(0, 0);
    await until(async () => (await side(proxy)) === 'legacy', 'flags work');
    await proxies.pop()!.stop();
    expect(warnings().filter((line) => line.includes('flags.backup'))).toHaveLength(1);
  });
});

describe('an answer of the source', () => {
  it('with a malformed flag of another team changes the others', async () => {
    const proxy = await start();
    features = [{ name: 'theirs.new', enabled: 'perhaps', strategies: [{}] }, null, ...noteFlags(0, 0)];
    await until(async () => (await side(proxy)) === 'legacy', 'ours is taken');
    expect(warnings().join()).toContain('features[0].enabled');
  });

  it.each([[[null]], ['all'], [{ id: 1 }], [[{}, 5]]])(
    'with segments %j changes the flags, and says so once',
    async (odd) => {
      const proxy = await start();
      segments = odd;
      features = noteFlags(0, 0);
      await until(async () => (await side(proxy)) === 'legacy', 'ours is taken');
      const asked = questions;
      await until(() => questions > asked + 3, 'asked on');
      expect(await side(proxy)).toBe('legacy');
      expect(warnings().filter((line) => line.includes('segments'))).toHaveLength(1);
    },
  );

  it('without any flag turns all off, as in Unleash’s own clients, and is a warning', async () => {
    const proxy = await start();
    expect(await side(proxy)).toBe('candidate');
    features = [];
    await until(async () => (await side(proxy)) === 'legacy', 'all off');
    expect(warnings().join()).toContain('no flag any more');
  });
});
