import { expect, test } from 'vitest';
import { endOptions, refuse } from './end-unserved.ts';
import { release } from './request-report.ts';
import type { RequestState } from './request-state.ts';

/** A request that can be answered; the rest of its state is never looked at. */
function makeState() {
  const seen = { finished: 0, spans: [] as number[] };
  const snapshot = { counters: { add: () => {} } };
  const state = {
    host: {
      logger: { warn: () => {} },
      finished: () => {
        seen.finished += 1;
      },
    },
    snapshot,
    name: { requestId: 'r1', span: { end: ({ status }: { status: number }) => seen.spans.push(status) } },
    decision: {},
    request: { rawHeaders: [] },
    response: { headersSent: false, destroyed: false, writeHead: () => {}, end: () => {} },
    endless: false,
    over: false,
  };
  return { state: state as unknown as RequestState, seen };
}

test.each<[string, number, (state: RequestState) => void]>([
  ['is refused', 405, (state) => refuse(state, { status: 405, reason: 'method-refused', detail: 'No.' })],
  ['is OPTIONS for the proxy itself', 200, endOptions],
])('a request that %s is released exactly once', (_, status, end) => {
  const { state, seen } = makeState();
  end(state);
  // A fault behind it would release it again.
  release(state, 500, 'FICUS_INTERNAL');
  expect(seen).toEqual({ finished: 1, spans: [status] });
});
