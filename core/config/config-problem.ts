/** One thing wrong with a config, and where. */
export interface ConfigProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** It is valid, and takes effect at the next start. */
  readonly needsRestart?: boolean | undefined;
}

/** `slices.notifications.routes[0].path: must …`, the way users read it. */
export function formatProblem(problem: ConfigProblem): string {
  return `${formatPath(problem.path)}: ${problem.message}`;
}

export function formatPath(path: readonly (string | number)[]): string {
  if (path.length === 0) return '(whole file)';
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text ? `${text}.${step}` : step;
  }, '');
}
