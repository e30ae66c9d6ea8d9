/**
 * The caller. This service has no sessions: the proxy that routes requests here names the user in a short-lived
 * signed JWT (HS256, IDENTITY_SECRET) with iss "ficus", aud "notifications", sub the user's id, and exp.
 */
import { errors, jwtVerify } from 'jose';

export const IDENTITY_HEADER = 'x-ficus-identity';
const ISSUER = 'ficus';
const AUDIENCE = 'notifications';

export type Identity =
  | { readonly valid: true; readonly userId: number }
  | { readonly valid: false; readonly reason: string };

export type VerifyIdentity = (token: string | readonly string[] | undefined) => Promise<Identity>;

export function identityVerifier(secret: string): VerifyIdentity {
  const key = new TextEncoder().encode(secret);
  return async (token) => {
    if (typeof token !== 'string' || token === '')
      return { valid: false, reason: `no ${IDENTITY_HEADER} header` };
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp'],
        clockTolerance: 5,
      });
      if (!/^[1-9]\d{0,15}$/.test(payload.sub ?? '')) return { valid: false, reason: 'sub is no user id' };
      return { valid: true, userId: Number(payload.sub) };
    } catch (error) {
      if (error instanceof errors.JOSEError) return { valid: false, reason: error.code };
      throw error;
    }
  };
}
