import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { probePort } from '../../../proxy/index.ts';

test('a port that is taken is named as in the config', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  await expect(probePort({ host: '127.0.0.1', port }, 'control.listen')).rejects.toMatchObject({
    code: 'FICUS_PORT_TAKEN',
    message: expect.stringContaining(`127.0.0.1:${port} (control.listen)`),
  });
});
