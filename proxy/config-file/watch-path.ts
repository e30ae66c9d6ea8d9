/**
 * Watches one file by its folder, so that editors and config maps that replace the file are seen, debounced, so
 * that a file being written is read when it is quiet. Where the system has no notifications it is polled.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

const QUIET_MS = 40;
const POLL_MS = 1_000;

export interface PathWatcher {
  stop(): void;
}

/** @param quietMs without a further change before the file is looked at */
export function watchPath(path: string, onChange: () => void, quietMs = QUIET_MS): PathWatcher {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, quietMs);
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, soon);
    watcher.on('error', () => watcher?.close());
  } catch {
    // No notifications here; polling below sees it too.
  }
  let seen = stamp(path);
  const poll = setInterval(() => {
    const now = stamp(path);
    if (now === seen) return;
    seen = now;
    soon();
  }, POLL_MS);
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
