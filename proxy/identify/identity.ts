/** Who calls, as far as the configured sources know. */
export interface Identity {
  readonly user: string | undefined;
  readonly session: string | undefined;
  readonly tenant: string | undefined;
  /**
   * True when a source that was needed gave no answer. The caller may have a pin: reads of slices with
   * tables go to the owner, which is right for all callers.
   */
  readonly uncertain: boolean;
}

export const ANONYMOUS: Identity = {
  user: undefined,
  session: undefined,
  tenant: undefined,
  uncertain: false,
};

/** No source could be asked. */
export const UNCERTAIN: Identity = { ...ANONYMOUS, uncertain: true };
