import { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { findInternals, thisNode } from './node-internals.ts';

const ALL = { requests: true, responses: true, sockets: true, parsers: true };

/** The object as it would be without these properties. */
function without(object: object, ...names: string[]): object {
  return new Proxy(object, {
    get: (target, name) => (names.includes(String(name)) ? undefined : Reflect.get(target, name)),
    has: (target, name) => !names.includes(String(name)) && Reflect.has(target, name),
    getOwnPropertyDescriptor: (target, name) =>
      names.includes(String(name)) ? undefined : Reflect.getOwnPropertyDescriptor(target, name),
  });
}

/** A request of a Node that has everything a lean request needs. */
const newest = Object.create(IncomingMessage.prototype, {
  _dumpAndCloseReadable: { value() {}, configurable: true },
  headers: { get: () => ({}), set() {}, configurable: true },
}) as object;
const node = { ...thisNode, request: newest };

describe('findInternals', () => {
  test('a Node with every part uses every part', () => {
    expect(findInternals(node, false)).toEqual(ALL);
  });

  test('with “avoid” none is used', () => {
    expect(findInternals(node, true)).toEqual({
      requests: false,
      responses: false,
      sockets: false,
      parsers: false,
    });
  });

  test.each(['_dumpAndCloseReadable', '_addHeaderLines', 'headers'])(
    'no lean requests without %s',
    (name) => {
      const probed = { ...node, request: without(newest, name) };
      expect(findInternals(probed, false)).toEqual({ ...ALL, requests: false });
    },
  );

  test.each(['_header', '_last', '_writeRaw', 'outputData'])('no lean responses without %s', (name) => {
    const probed = { ...node, response: without(thisNode.response, name) };
    expect(findInternals(probed, false)).toEqual({ ...ALL, responses: false });
  });

  test.each([undefined, {}, { WriteWrap: class {} }])(
    'no direct writes with the binding %o',
    (streamBinding) => {
      expect(findInternals({ ...node, streamBinding }, false)).toEqual({ ...ALL, sockets: false });
    },
  );
});
