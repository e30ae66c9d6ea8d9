/**
 * Handler for our own faults that a product survives: the test run fails, and no promise of the product is rejected.
 */
export function failTheRun(fault: Error): void {
  queueMicrotask(() => {
    throw fault;
  });
}
