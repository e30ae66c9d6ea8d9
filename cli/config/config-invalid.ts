/** A config with problems: all of them, ready for display. */
export class ConfigInvalid extends Error {
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[]) {
    super(`${file} has ${problems.length} ${problems.length === 1 ? 'error' : 'errors'}`);
    this.name = 'ConfigInvalid';
    this.problems = problems;
  }
}
