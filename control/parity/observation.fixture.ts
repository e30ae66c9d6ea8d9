/** An observation as a proxy reports it: a read of `/api/notes`, served by the legacy to an anonymous caller. */
import type { Observation, ObservedResponse } from '@ficus/core';

/** 200 with a JSON body. */
export function jsonAnswer(body: string): ObservedResponse {
  return {
    status: 200,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(body),
    truncated: false,
    durationMs: 1,
  };
}

/** @param over what is different; both targets follow `target` unless given */
export function anObservation(over: Partial<Observation> = {}): Observation {
  const target = over.target ?? '/api/notes';
  return {
    slice: 'notes',
    route: 'list',
    requestId: 'r1',
    at: 0,
    method: 'GET',
    httpVersion: '1.1',
    target,
    targets: { legacy: target, candidate: target },
    requestHeaders: [],
    caller: 'anonymous',
    servedBy: 'legacy',
    owner: 'legacy',
    epoch: 1,
    pinned: false,
    legacy: jsonAnswer('{"a":1}'),
    candidate: jsonAnswer('{"a":1}'),
    ...over,
  };
}
