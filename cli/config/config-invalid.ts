/** A config with problems: all of them, ready for display. */
export class ConfigInvalid extends Error {
  readonly file: string;
  readonly problems: readonly string[];

  /** @param advice sentences that follow */
  constructor(file: string, problems: readonly string[], advice?: string) {
    const count = `${problems.length} ${problems.length === 1 ? 'error' : 'errors'}`;
    super(`${file} has ${count}${advice ? `. ${advice}` : ''}`);
    this.file = file;
    this.name = 'ConfigInvalid';
    this.problems = problems;
  }
}
