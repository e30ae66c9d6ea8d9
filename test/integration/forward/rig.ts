/** Shared by the forwarder's tests: raw upstreams, forwarders and raw clients, all closed after each test. */
import { afterEach } from 'vitest';
import {
  type Forwarder,
  type ForwarderOptions,
  type RawClient,
  type RawUpstream,
  rawClient,
  startForwarder,
  startRawUpstream,
} from './forwarder-rig.ts';

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: D\r\n\r\nok';
export const ends = (tail: string) => (text: string) => text.endsWith(tail);
export const requestEnds = (all: string) => all.endsWith('\r\n\r\n');

interface ForwardRig {
  /** Called after the test, last one first. */
  readonly cleanups: (() => unknown)[];
  /** A raw upstream that answers with the function's result, if any. */
  upstreamAnswering(answer: (all: string, index: number) => string | undefined): Promise<RawUpstream>;
  forwarderTo(url: string, options?: ForwarderOptions): Promise<Forwarder>;
  client(port: number, bytes: string): Promise<RawClient>;
}

/** Call once per test file. */
export function forwardRig(): ForwardRig {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  return {
    cleanups,
    upstreamAnswering: async (answer) => {
      const upstream = await startRawUpstream((socket, all, index) => {
        const text = answer(all, index);
        if (text !== undefined) socket.write(Buffer.from(text, 'latin1'));
      });
      cleanups.push(() => upstream.close());
      return upstream;
    },
    forwarderTo: async (url, options = {}) => {
      const forwarder = await startForwarder(url, options);
      cleanups.push(() => forwarder.close());
      return forwarder;
    },
    client: async (port, bytes) => {
      const made = await rawClient(port, bytes);
      cleanups.push(() => made.close());
      return made;
    },
  };
}
