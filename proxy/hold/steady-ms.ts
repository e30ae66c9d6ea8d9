/**
 * The clock of leases: it never goes back, and all processes of a machine read the same one, so that a worker can check
 * what the primary has granted. Node's `hrtime` is CLOCK_MONOTONIC on Linux, mach_absolute_time on macOS and the
 * performance counter on Windows: each counts from the start of the machine. A machine that is suspended, and whose clock
 * stands still meanwhile, may take a lease for valid that has run out: then the fence in the database refuses its writes.
 */
export function steadyMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
