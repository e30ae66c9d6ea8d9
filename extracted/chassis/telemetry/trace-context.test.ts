import { expect, it } from 'vitest';
import { parseTraceparent } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

it('reads the caller’s span, even of a later version', () => {
  const span = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual(span);
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-brings`)).toEqual(span);
});

it.each([
  undefined,
  '',
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
])('ignores %j', (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});
