/** Warnings and errors out of a process's log, one JSON object on each line. */

/** Gets one line for people. */
export type FicusLog = (line: string) => void;

const LEVELS = { 40: 'warning', 50: 'error', 60: 'fatal' } as const;

/** @returns a listener for the pieces of its standard output */
export function readLog(name: string, log: FicusLog): (piece: Buffer) => void {
  let rest = '';
  return (piece) => {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const found = describeLine(line);
      if (found !== undefined) log(`${name}: ${found}`);
    }
  };
}

/** @returns undefined for a line that is no complaint */
export function describeLine(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  const { level, msg, time: _time, service: _service, version: _version, ...fields } = JSON.parse(line);
  const word = LEVELS[level as keyof typeof LEVELS];
  return word && `${word}: ${msg} ${JSON.stringify(fields)}`;
}
