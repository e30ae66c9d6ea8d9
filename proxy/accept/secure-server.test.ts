import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Handshakes, RefusalLines } from './secure-server.ts';

test('of many refusals of a minute the first of each power of ten are lines; the next minute begins again', () => {
  const lines = new RefusalLines();
  const taken = Array.from({ length: 1_000 }, (_, index) => lines.take('tls-version', index));
  expect(taken.filter((count) => count !== undefined)).toEqual([1, 10, 100, 1_000]);
  expect(lines.take('handshake-timeout', 1_000)).toBe(1);
  expect(lines.take('tls-version', 59_999)).toBeUndefined();
  expect(lines.take('tls-version', 60_000)).toBe(1);
});

interface FakeSocket extends EventEmitter {
  isCut: boolean;
}

function connect(server: EventEmitter, ends: Partial<Socket>): FakeSocket {
  const socket = Object.assign(new EventEmitter(), { ...ends, isCut: false }) as FakeSocket;
  Object.assign(socket, { destroy: () => Object.assign(socket, { isCut: true }) });
  server.emit('connection', socket);
  return socket;
}

function watched(): { server: EventEmitter; handshakes: Handshakes } {
  const server = new EventEmitter();
  const handshakes = new Handshakes();
  handshakes.watch(server as unknown as Server, () => {});
  return { server, handshakes };
}

const CLIENT = { remoteAddress: '10.0.0.9', remotePort: 40_000, localPort: 443 };

test('every open handshake is cut: of one client to several addresses, of clients that are gone already', () => {
  const { server, handshakes } = watched();
  const sockets = [
    connect(server, { ...CLIENT, localAddress: '10.0.0.1' }),
    connect(server, { ...CLIENT, localAddress: '10.0.0.2' }),
    connect(server, {}),
    connect(server, {}),
  ];
  handshakes.cut();
  expect(sockets.map(({ isCut }) => isCut)).toEqual([true, true, true, true]);
});

test('a finished one is not cut, and the late end of an earlier connection with its ends does not hide the next', () => {
  const { server, handshakes } = watched();
  const ends = { ...CLIENT, localAddress: '10.0.0.1' };
  const earlier = connect(server, ends);
  const next = connect(server, ends);
  earlier.emit('close');
  const other = connect(server, { ...ends, remotePort: 40_001 });
  server.emit('secureConnection', { ...ends, remotePort: 40_001 });
  handshakes.cut();
  expect([next.isCut, other.isCut]).toEqual([true, false]);
});
