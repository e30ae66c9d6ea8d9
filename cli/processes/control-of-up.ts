/**
 * `control:` as the two processes of `ficus up` get it. What they take at their start alone stays as it was, so that one
 * that is restarted meets the other again. Tokens are replaced while they run: the proxy has one of its own, which no change
 * of the file takes away.
 */
import { randomBytes } from 'node:crypto';
import type { ControlConfig } from '@ficus/core';

type Control = ControlConfig | undefined;

export class ControlOfUp {
  readonly #first: Control;
  readonly #listen: string;
  readonly #own: ControlConfig['tokens'][number] = {
    name: 'ficus up',
    roles: ['report'],
    token: randomBytes(24).toString('base64url'),
  };

  /** @param listen HOST:PORT in place of a port of 0 */
  constructor(first: Control, listen: string) {
    this.#first = first;
    this.#listen = listen;
  }

  /** To start with: as at the first start, with the newest tokens. */
  settled(newest: Control): Control {
    if (this.#first === undefined) return undefined;
    // From none to some, or back, proxy and listener would have to begin again.
    const { token, tokens } = newest && hasTokens(newest) === hasTokens(this.#first) ? newest : this.#first;
    return this.#withOwn({ ...this.#first, listen: this.#listen, token, tokens });
  }

  /** As the file has it: the control plane says what of it waits for a restart. */
  written(newest: Control): Control {
    if (newest === undefined) return undefined;
    const listen = newest.listen === this.#first?.listen ? this.#listen : newest.listen;
    return this.#withOwn({ ...newest, listen });
  }

  /** First, so that the proxy takes it. */
  #withOwn(control: ControlConfig): ControlConfig {
    return hasTokens(control) ? { ...control, tokens: [this.#own, ...control.tokens] } : control;
  }
}

const hasTokens = ({ token, tokens }: ControlConfig): boolean => token !== undefined || tokens.length > 0;
