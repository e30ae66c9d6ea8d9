/** The sample as a library: cases during bring-up that a user cannot time. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer, Server } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bringUp } from '../../sample/whole/bring-up.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';

let directory: string;
let other: Server;
beforeAll(async () => {
  directory = await makeTestDirectory('bring-up');
  other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
});
afterAll(async () => {
  other.close();
  await rm(directory, { recursive: true, force: true });
});

test('a port of the control plane that is taken fails the start with a sentence, and stops what was started', async () => {
  const { port } = other.address() as AddressInfo;
  const started = bringUp({
    directory,
    scale: 0.01,
    proxyPort: 0,
    controlPort: port,
    monolithPort: 0,
    servicePort: 0,
    postgresPort: 0,
    onStep: () => undefined,
  });
  await expect(started).rejects.toThrow(`Another process listens on 127.0.0.1:${port} (control.listen).`);
});

test('a free port that another program takes first costs another attempt', async () => {
  const taken = other.address() as AddressInfo;
  const sample = await bringUp({
    directory,
    scale: 0.01,
    proxyPort: 0,
    controlPort: 0,
    monolithPort: 0,
    servicePort: 0,
    postgresPort: 0,
    onStep: (step) => {
      // The next request for a free port gets one that is taken.
      if (step === 'notifications') vi.spyOn(Server.prototype, 'address').mockReturnValueOnce(taken);
    },
  });
  try {
    expect((await fetch(`${sample.proxyUrl}/login`)).status).toBe(200);
    expect(sample.proxyUrl).not.toContain(`:${taken.port}`);
  } finally {
    await sample.stop();
  }
});
