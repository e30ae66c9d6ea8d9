/** A number with its noun: `1 request`, `1,200 requests`, `3 copies`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : plural}`;
}
