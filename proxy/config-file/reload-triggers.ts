/**
 * What triggers a reload that no caller waits for: a change of the config file, or SIGHUP. Watched from the beginning:
 * a start takes seconds when flags or owners are late, and a trigger in that time must neither be missed nor end the
 * process.
 */
import { type PathWatcher, watchPath } from './watch-path.ts';

/** Half a YAML file may be a valid smaller one: it is read only after this long without a write. */
const CONFIG_QUIET_MS = 150;

export class ReloadTriggers {
  readonly #reload: () => void;
  readonly #watcher: PathWatcher;
  #started = false;
  #triggered = false;

  constructor(configFile: string, reload: () => void) {
    this.#reload = reload;
    this.#watcher = watchPath(configFile, this.#trigger, CONFIG_QUIET_MS);
    process.on('SIGHUP', this.#trigger);
  }

  /** The proxy has started: a reload that was triggered meanwhile runs now. */
  begin(): void {
    this.#started = true;
    if (this.#triggered) this.#reload();
  }

  stopWatching(): void {
    this.#watcher.stop();
  }

  /** Called last: a SIGHUP without a listener ends the process, even with requests in progress. */
  stopListening(): void {
    process.off('SIGHUP', this.#trigger);
  }

  readonly #trigger = (): void => {
    if (this.#started) this.#reload();
    else this.#triggered = true;
  };
}
