/** An Unleash server for the suite of its flag store: the fake one in this folder, or a real one. */
export interface UnleashSubject {
  /** Base of its API, ending in /api. */
  readonly url: string;
  /** Reads the environment `development`. */
  readonly clientToken: string;
  readonly adminToken: string;
  createFlag(name: string, strategies: readonly SubjectStrategy[], enabled: boolean): Promise<void>;
  readFlag(name: string): Promise<SubjectFlag>;
  stop(): Promise<void>;
}

export interface SubjectStrategy {
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly constraints?: readonly object[];
}

export interface SubjectFlag {
  readonly enabled: boolean;
  readonly strategies: readonly SubjectStrategy[];
}

/** A gradual rollout as a person creates one in Unleash. */
export const rolloutOf = (percent: number, groupId: string): SubjectStrategy => ({
  name: 'flexibleRollout',
  parameters: { rollout: String(percent), stickiness: 'userId', groupId },
});
