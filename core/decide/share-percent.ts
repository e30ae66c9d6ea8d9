/**
 * A measured share in tenths of a percent; null of nothing. Rounded never to 0 % where there was some, nor to 100 % where
 * some was missing: one request of ten thousand is a request.
 */
export function sharePercent(part: number, all: number): number | null {
  if (all === 0) return null;
  const tenths = Math.round((part / all) * 1000);
  if (part > 0 && tenths === 0) return 0.1;
  if (part < all && tenths === 1000) return 99.9;
  return tenths / 10;
}
