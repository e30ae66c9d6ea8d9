/**
 * Watches one file through its folder, so that editors and config maps that replace the file are noticed; debounced, so
 * that a file is read only when writing has stopped. Polls where the system has no notifications.
 *
 * The folder may be where a log is written all day: other changes there must not delay the reading.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

const QUIET_MS = 40;
const POLL_MS = 1_000;

export interface PathWatcher {
  stop(): void;
}

/** @param quietMs without a further change before the file is read */
export function watchPath(path: string, onChange: () => void, quietMs = QUIET_MS): PathWatcher {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, quietMs);
  };
  let seen = stamp(path);
  const check = (notified = false): void => {
    const now = stamp(path);
    if (now === seen && !notified) return;
    seen = now;
    soon();
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, (_, name) => {
      // Another name may still concern our file: a config map is swapped through a link beside it.
      check(name === null || name === basename(path));
    });
    watcher.on('error', () => watcher?.close());
  } catch {
    // No notifications here; polling below sees it too.
  }
  const poll = setInterval(() => check(), POLL_MS);
  poll.unref();
  return {
    stop() {
      clearTimeout(timer);
      clearInterval(poll);
      watcher?.close();
    },
  };
}

function stamp(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'absent';
  }
}
