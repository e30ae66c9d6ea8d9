/** Who calls, as far as the configured sources know. */
export interface Identity {
  readonly user: string | undefined;
  readonly session: string | undefined;
  readonly tenant: string | undefined;
  /**
   * True when the caller has credentials whose owner could not be found out just now. Never anonymous: the legacy
   * serves such a caller, who may also have a pin.
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
