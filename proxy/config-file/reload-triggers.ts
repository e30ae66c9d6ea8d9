/**
 * What triggers a reload that no caller waits for: a change of the config file, or SIGHUP. Made before the file is read: a
 * start takes seconds when a database, flags or owners are late, and a trigger in that time must neither be missed nor end
 * the process.
 */
import { type PathWatcher, watchPath } from './watch-path.ts';

/** Half a YAML file may be a valid smaller one: it is read only after this long without a write. */
const CONFIG_QUIET_MS = 150;

export class ReloadTriggers {
  readonly file: string;
  readonly #watcher: PathWatcher;
  #reload: (() => void) | undefined;
  #triggered = false;

  /** @param file of the config, which is read after this */
  constructor(file: string) {
    this.file = file;
    this.#watcher = watchPath(file, this.#trigger, CONFIG_QUIET_MS);
    process.on('SIGHUP', this.#trigger);
  }

  /** What the config is for has started: a reload that was triggered meanwhile runs now. */
  begin(reload: () => void): void {
    this.#reload = reload;
    if (this.#triggered) reload();
  }

  stopWatching(): void {
    this.#watcher.stop();
  }

  /** Called last: a SIGHUP without a listener ends the process, even with requests in progress, or a record beside its config. */
  stopListening(): void {
    process.off('SIGHUP', this.#trigger);
  }

  readonly #trigger = (): void => {
    if (this.#reload) this.#reload();
    else this.#triggered = true;
  };
}
