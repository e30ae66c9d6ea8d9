/**
 * Reloads that no caller waits for: the config file has changed, or SIGHUP came. Listened for from the beginning: a start
 * takes seconds where flags or owners are late, and what comes meanwhile is neither missed nor ends the process.
 */
import { type PathWatcher, watchPath } from './watch-path.ts';

/** Half a YAML file may be a valid smaller one: it is read after so long without a write. */
const CONFIG_QUIET_MS = 150;

export class UnaskedReloads {
  readonly #reload: () => void;
  readonly #watcher: PathWatcher;
  #started = false;
  #asked = false;

  constructor(configFile: string, reload: () => void) {
    this.#reload = reload;
    this.#watcher = watchPath(configFile, this.#ask, CONFIG_QUIET_MS);
    process.on('SIGHUP', this.#ask);
  }

  /** The proxy has started: what was asked for meanwhile is done. */
  begin(): void {
    this.#started = true;
    if (this.#asked) this.#reload();
  }

  stopWatching(): void {
    this.#watcher.stop();
  }

  /** At the very end: a SIGHUP without a listener ends the process, whatever is under way. */
  stopListening(): void {
    process.off('SIGHUP', this.#ask);
  }

  readonly #ask = (): void => {
    if (this.#started) this.#reload();
    else this.#asked = true;
  };
}
