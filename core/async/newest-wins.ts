/**
 * Readings of one thing (a config, a flags file, the flags of a server) that may overlap: once a reading is applied,
 * those that began before it are stale, however late they end. A failed reading applies nothing and makes nothing
 * stale.
 */
export interface Reading {
  /** A reading that began later has been applied: this one is out of date. */
  readonly stale: boolean;
  /** Call when this reading's result has been applied. */
  take(): void;
}

export class NewestWins {
  #begun = 0;
  #taken = 0;

  begin(): Reading {
    this.#begun += 1;
    const number = this.#begun;
    const isStale = () => number < this.#taken;
    return {
      get stale() {
        return isStale();
      },
      take: () => {
        this.#taken = Math.max(this.#taken, number);
      },
    };
  }

  /** Something newer came from elsewhere: every reading in progress is stale. */
  supersede(): void {
    this.#taken = this.#begun + 1;
  }
}
