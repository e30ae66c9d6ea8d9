/** Handler for faults of ours that a product survives: the test run fails, and no promise of the product is rejected. */
export function failTheRun(fault: Error): void {
  queueMicrotask(() => {
    throw fault;
  });
}
