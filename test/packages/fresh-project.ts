/** A project that has only the packed packages, as an outsider would install them, and Nodes to run it on. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { installNpmPart } from '../parts/npm-part.ts';

export const ROOT = join(import.meta.dirname, '..', '..');
export const TARBALLS = join(ROOT, 'dist', 'packages');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProxy {
  readonly address: string;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<number | null>;
}

export class FreshProject {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Installs all tarballs, with their dependencies, by npm alone. */
  static async install(): Promise<FreshProject> {
    const folder = await mkdtemp(join(tmpdir(), 'ficus-fresh-'));
    await writeFile(join(folder, 'package.json'), '{"name":"fresh","version":"1.0.0","type":"module"}');
    const tarballs = (await readdir(TARBALLS)).map((file) => join(TARBALLS, file));
    const options = ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs];
    await promisify(execFile)('npm', options, { cwd: folder });
    return new FreshProject(folder);
  }

  /** `npx ficus ARGS…`, or any other command, with this Node first on the path. */
  async run(node: string, command: string, ...args: readonly string[]): Promise<Ended> {
    const child = this.#spawn(node, command, args);
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (piece: Buffer) => {
      output.stdout += piece;
    });
    child.stderr.on('data', (piece: Buffer) => {
      output.stderr += piece;
    });
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, ...output };
  }

  /** @throws with its output, when it exits before it listens */
  async startProxy(node: string): Promise<RunningProxy> {
    const bin = join(this.folder, 'node_modules', '@ficus', 'cli', 'bin', 'ficus.js');
    const child = this.#spawn(node, node, [bin, 'proxy']);
    const ended = once(child, 'close') as Promise<[number | null]>;
    let written = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.stderr.on('data', (piece: Buffer) => {
        written += piece;
      });
      child.stdout.on('data', (piece: Buffer) => {
        written += piece;
        const found = /"address":"([^"]+)".*"msg":"listening"/.exec(written);
        if (found) resolve(found[1]!);
      });
      void ended.then(([status]) => reject(new Error(`it ended with ${status}: ${written}`)));
    });
    return {
      address,
      stop: async () => {
        child.kill('SIGTERM');
        return (await ended)[0];
      },
    };
  }

  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), 'utf8');
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(join(this.folder, file), text);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  #spawn(node: string, command: string, args: readonly string[]) {
    const { NODE_OPTIONS: _, ...environment } = process.env;
    const path = [dirname(node), environment.PATH].join(delimiter);
    return spawn(command, args, {
      cwd: this.folder,
      env: { ...environment, PATH: path, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** Path of a Node of this version or range, from the registry's own client. */
export async function installNode(version: string): Promise<string> {
  const name = process.platform === 'linux' ? `node-linux-${process.arch}` : 'node';
  const folder = await installNpmPart(name, version, ['node']);
  return join(folder, 'bin', 'node');
}
