/** The checks of one address of an upstream: one at a time, and what they say so far. */
import { type CheckState, evaluateCheck } from './evaluate-check.ts';
import { type CheckedConfig, type CheckResult, CheckSender } from './send-check.ts';

export class AddressCheck {
  readonly #name: string;
  readonly #config: CheckedConfig;
  readonly #address: string;
  #sender: CheckSender | undefined;
  #state: CheckState;
  /** Why the last check failed; undefined after one that passed. */
  detail: string | undefined;

  constructor(name: string, config: CheckedConfig, address: string, state: CheckState) {
    this.#state = state;
    this.#name = name;
    this.#config = config;
    this.#address = address;
  }

  get state(): CheckState {
    return this.#state;
  }

  get kind(): CheckState['kind'] {
    return this.#state.kind;
  }

  /** Resolves with the address's state before. */
  async run(): Promise<CheckState['kind']> {
    return this.note(await this.#send());
  }

  /** Returns the state before. */
  note(failure: CheckResult): CheckState['kind'] {
    const before = this.kind;
    this.#state = evaluateCheck(this.#state, failure === undefined, this.#config.health);
    this.detail = failure?.detail;
    return before;
  }

  stop(): void {
    this.#sender?.close();
  }

  async #send(): Promise<CheckResult> {
    try {
      this.#sender ??= new CheckSender(this.#name, this.#config, this.#address);
      return await this.#sender.send();
    } catch (error) {
      // Its PEM files are gone since the config was checked: the next round tries again.
      return { cause: 'other', detail: (error as Error).message };
    }
  }
}
