/** A control plane with a proxy before two backends, for tests of what the proxy reports about them. */
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { type RunningProxy, startProxy } from '@ficus/proxy';
import { type Backend, startBackend } from '../proxy/rig.ts';
import { createTestDatabase, silent, testConfig } from './rig.ts';

export interface Proxied {
  readonly legacy: Backend;
  readonly candidate: Backend;
  readonly control: Control;
  readonly proxy: RunningProxy;
  readonly client: ReturnType<typeof createControlClient>;
  close(): Promise<void>;
}

/** One slice `pages`, for `/pages/*`. @param more settings of each side */
export async function startProxied(
  port: number,
  more: { readonly legacy?: object; readonly candidate?: object },
): Promise<Proxied> {
  const database = await createTestDatabase(port);
  const [legacy, candidate] = await Promise.all([startBackend('legacy'), startBackend('candidate')]);
  const config = testConfig(database.url, {
    proxy: { listen: '127.0.0.1:0' },
    legacy: { url: legacy.url, database: database.url, ...more.legacy },
    slices: {
      pages: {
        candidate: { url: candidate.url, ...more.candidate },
        routes: [{ id: 'page', path: '/pages/*' }],
      },
    },
  });
  const control = await startControl({ config, logger: silent });
  const proxy = await startProxy({ config, logger: silent, controlUrl: control.address });
  return {
    legacy,
    candidate,
    control,
    proxy,
    client: createControlClient(control.address),
    async close() {
      await proxy.stop();
      await control.stop();
      await Promise.all([legacy.close(), candidate.close()]);
      await database.drop();
    },
  };
}
