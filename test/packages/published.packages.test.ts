/**
 * The published packages run where they are installed, on every Node that `engines` names. Needs `npm run pack` and
 * `npm run archive`.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../scripts/packages/published-manifest.ts';
import { publishedPackages } from '../../scripts/packages/published-packages.ts';
import { FreshProject, installNode, ROOT, TARBALLS } from './fresh-project.ts';

/** The oldest that is promised, a first of its line, and the newest of each line. */
const NODES = ['22.19.0', '22', '24.0.0', '24', '26'];
const BODY = 'x'.repeat(1_000_000);

const packages = publishedPackages();
const names = packages.map(({ manifest }) => manifest.name);
const VERSION = packages[0]!.manifest.version;
const ARCHIVE = join(ROOT, 'dist', `ficus-${VERSION}.tar.gz`);
const tarballOf = ({ name, version }: Manifest) =>
  join(TARBALLS, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
let project: FreshProject;
let monolith: Server;
let monolithUrl: string;

beforeAll(async () => {
  monolith = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    request.on('end', () => response.end(`${request.method} ${request.url} ${bytes}`));
  }).listen(0, '127.0.0.1');
  await once(monolith, 'listening');
  monolithUrl = `http://127.0.0.1:${(monolith.address() as AddressInfo).port}`;
  project = await FreshProject.install();
});

afterAll(async () => {
  monolith.closeAllConnections();
  monolith.close();
  await project?.remove();
});

test.each(packages)('$manifest.name holds compiled files alone', async ({ manifest }) => {
  const { stdout } = await promisify(execFile)('tar', ['-tzf', tarballOf(manifest)]);
  const files = stdout.trim().split('\n');
  expect(files.filter((file) => /(?<!\.d)\.ts$|\.test\./.test(file))).toEqual([]);
  expect(files).toEqual(
    expect.arrayContaining([
      'package/package.json',
      'package/README.md',
      'package/LICENSE',
      'package/dist/index.js',
      'package/dist/index.d.ts',
    ]),
  );
  const operations = readdirSync(join(ROOT, 'docs', 'operations')).map((file) => `operations/${file}`);
  // What the help of the command and its errors name.
  const reference = ['config.md', 'errors.md', 'ficus.schema.json', 'reasons.md', ...operations].toSorted();
  expect(files.filter((file) => file.startsWith('package/docs/')).toSorted()).toEqual(
    manifest.name === '@ficus/cli' ? reference.map((file) => `package/docs/${file}`) : [],
  );
});

test('none has the switch with which tests kill a process at a step', async () => {
  const { stdout } = await promisify(execFile)('tar', ['-tzf', ARCHIVE]);
  expect(stdout).toContain('node_modules/@ficus/cdc/dist/failpoints.js');
  const files = [ARCHIVE, ...packages.map(({ manifest }) => tarballOf(manifest))];
  for (const file of files) {
    const options = { encoding: 'latin1', maxBuffer: 2 ** 30 } as const;
    const { stdout: content } = await promisify(execFile)('tar', ['-xzOf', file], options);
    expect(content.includes('FICUS_FAILPOINT'), file).toBe(false);
  }
});

test('their types work in a compiled project', async () => {
  await project.write('types.ts', names.map((name, at) => `export * as p${at} from '${name}';`).join('\n'));
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--skipLibCheck',
    '--types',
    '',
    'types.ts',
  ];
  const { stdout, status } = await project.run(process.execPath, process.execPath, compiler, ...options);
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});

test('the archive needs nothing but the oldest Node', async () => {
  await promisify(execFile)('tar', ['-xzf', ARCHIVE, '-C', project.folder]);
  const node = await installNode(NODES[0]!);
  const { status, stdout } = await project.run(node, node, 'ficus/bin/ficus.js', '--version');
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${VERSION}\n` });
});

describe.each(NODES)('on Node %s', (version) => {
  let node: string;
  beforeAll(async () => {
    node = await installNode(version);
  });

  test('npx ficus --help is its manual, without a warning', async () => {
    const { status, stdout, stderr } = await project.run(node, 'npx', '--no-install', 'ficus', '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/serve/);
  });

  test('every package can be imported', async () => {
    const script = `${names.map((name) => `await import('${name}');`).join(' ')}
      const { DASHBOARD_FILES } = await import('@ficus/dashboard');
      for (const file of DASHBOARD_FILES) if (file.read() === '') throw new Error(file.path);`;
    const { status, stderr } = await project.run(node, node, '--input-type=module', '--eval', script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('init, check and proxy put it in front of a monolith', async () => {
    const init = await project.run(node, 'npx', '--no-install', 'ficus', 'init', monolithUrl, '--force');
    expect(init).toMatchObject({ status: 0 });
    const config = await project.read('ficus.yaml');
    await project.write('ficus.yaml', config.replace(/(listen|admin): \S+/g, '$1: 127.0.0.1:0'));
    expect(await project.run(node, 'npx', '--no-install', 'ficus', 'check')).toMatchObject({ status: 0 });
    const proxy = await project.startProxy(node);
    expect(await (await fetch(`${proxy.address}/read`)).text()).toBe('GET /read 0');
    const posted = await fetch(`${proxy.address}/write`, { method: 'POST', body: BODY });
    expect(await posted.text()).toBe(`POST /write ${BODY.length}`);
    expect(await proxy.stop()).toBe(0);
  });
});
