/** `ficus copy` follows the copy; after Ctrl-C it reports that the copy continues, not that it is complete. */
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, startCommand, stopAll } from './run-command.ts';

let directory: string;
let config: string;
/** A fake control plane whose copy never ends. */
let control: Server;
let looks = 0;

beforeAll(async () => {
  control = createServer((request, response) => {
    if (request.method === 'GET') looks += 1;
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ slice: 'inbox', state: 'copying', copied: false, copy: null, problem: null }),
    );
  }).listen(0, '127.0.0.1');
  await once(control, 'listening');
  const address = control.address();
  directory = await makeTestDirectory('copy-watch');
  config = join(directory, 'ficus.yaml');
  await writeFile(
    config,
    `version: 1
control: { listen: "127.0.0.1:${typeof address === 'object' ? address?.port : 0}", database: postgres://nobody@127.0.0.1/none }
legacy: { url: http://127.0.0.1:9 }
slices:
  inbox:
    candidate: { url: http://127.0.0.1:9 }
    routes: [{ id: list, path: /inbox }]
`,
  );
});
afterEach(stopAll);
afterAll(async () => {
  control.closeAllConnections();
  control.close();
  await rm(directory, { recursive: true, force: true });
});

test.each([
  [[], (text: string) => expect(text).toContain('The copy continues in the background')],
  [['--json'], (text: string) => expect(JSON.parse(text)).toMatchObject({ ok: false, copied: false })],
])('Ctrl-C with %j', async (options, holds) => {
  looks = 0;
  const command = startCommand([FICUS, 'copy', 'inbox', '--config', config, ...options]);
  await expect.poll(() => looks).toBeGreaterThan(0);
  command.child.kill('SIGINT');
  const { status, stdout } = await command.ended;
  expect(status).toBe(1);
  holds(stdout);
});
