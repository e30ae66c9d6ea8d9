/** Removal works on databases: commands that do not remove anything need not wait for what it loads. */
export async function loadRemoval() {
  const [plan, carryOut, records, leftovers] = await Promise.all([
    import('./removal/plan-removal.ts'),
    import('./removal/carry-out.ts'),
    import('./removal/control-records.ts'),
    import('./removal/check-leftovers.ts'),
  ]);
  return { ...plan, ...carryOut, ...records, ...leftovers };
}
