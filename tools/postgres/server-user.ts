/**
 * The user that PostgreSQL runs as. It refuses to run as root: then the system user `postgres` runs it, created when
 * absent. Where that user may not enter the folders in question (a clone below a private home), the server runs in a
 * user namespace in which root is called postgres; where that is impossible too, an error says what to do.
 */
import { execFileSync, type SpawnOptions } from 'node:child_process';
import { chown } from 'node:fs/promises';

export interface ServerUser {
  /** Makes the server's user own a folder. */
  own(folder: string): Promise<void>;
  /** How to run one of its programs: command, arguments, and options to spread into spawn's. */
  command(program: string, args: readonly string[]): { file: string; args: string[]; options: SpawnOptions };
}

const OURSELVES: ServerUser = {
  own: async () => undefined,
  command: (file, args) => ({ file, args: [...args], options: {} }),
};

/**
 * @param folders what the server must be able to enter
 * @throws Error that says which folder it may not enter, and what to do
 */
export function chooseServerUser(folders: readonly string[]): ServerUser {
  if (process.getuid?.() !== 0) return OURSELVES;
  const { uid, gid } = findOrMakeUser();
  const own = (folder: string) => chown(folder, uid, gid);
  // The working directory may be closed to that user as well.
  const options = { cwd: '/' };
  const plain: ServerUser = {
    own,
    command: (file, args) => ({ file, args: [...args], options: { ...options, uid, gid } }),
  };
  const renamed: ServerUser = {
    own: (folder) => chown(folder, 0, 0),
    command: (file, args) => ({
      file: 'unshare',
      args: [...namespaceArgs(uid, gid), file, ...args],
      options,
    }),
  };
  const closed = folders.find((folder) => !mayEnter(plain, folder));
  if (closed === undefined) return plain;
  if (folders.every((folder) => mayEnter(renamed, folder))) return renamed;
  throw new Error(
    `PostgreSQL does not run as root, and its user “postgres” may not enter ${closed}. ` +
      'Run as an ordinary user, or put the repository where all users may read it.',
  );
}

function namespaceArgs(uid: number, gid: number): string[] {
  return ['--user', `--map-user=${uid}`, `--map-group=${gid}`];
}

function mayEnter(user: ServerUser, folder: string): boolean {
  const { file, args, options } = user.command('test', ['-x', folder]);
  try {
    execFileSync(file, args, { ...options, stdio: 'ignore' } as object);
    return true;
  } catch {
    return false;
  }
}

function findOrMakeUser(): { uid: number; gid: number } {
  const id = (flag: string) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: 'pipe' }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'pipe' });
    return { uid: id('-u'), gid: id('-g') };
  }
}
