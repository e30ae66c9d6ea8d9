/** Who calls, as far as the configured sources tell. */
export interface Identity {
  readonly user: string | undefined;
  readonly session: string | undefined;
  readonly tenant: string | undefined;
  /**
   * True when whoever had to be asked could not say. The caller may be somebody with a pin: reads of slices with tables
   * go to the owner, which is right for everybody.
   */
  readonly uncertain: boolean;
}

export const ANONYMOUS: Identity = {
  user: undefined,
  session: undefined,
  tenant: undefined,
  uncertain: false,
};

/** Nobody could be asked. */
export const UNCERTAIN: Identity = { ...ANONYMOUS, uncertain: true };
