import type { Finding } from '@ficus/cdc';

/** The environment is not ready; contains every error. */
export class PreflightFailed extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(
      findings.length === 1
        ? 'One thing has to be fixed first'
        : `${findings.length} things have to be fixed first`,
    );
    this.name = 'PreflightFailed';
    this.findings = findings;
  }
}
