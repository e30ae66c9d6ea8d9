/** For `node --import`: sends the program SIGTERM at the very moment when it reports that it listens. */
const SOURCE = `
import fs from 'node:fs';
const { write } = fs;
fs.write = (fd, text, ...rest) => {
  if (String(text).includes('"msg":"listening"')) process.kill(process.pid, 'SIGTERM');
  return write(fd, text, ...rest);
};`;

export const STOPPED_WHEN_LISTENING = `data:text/javascript,${encodeURIComponent(SOURCE)}`;
