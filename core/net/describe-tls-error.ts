/** Why a TLS connection was not made, in words; OpenSSL's own name a line of its source. */

const REASONS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'no known authority has signed its certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'no known authority has signed its certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'no known authority has signed its certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  CERT_SIGNATURE_FAILURE: 'its certificate has a wrong signature',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it requires a client certificate',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'it refuses the connection (a client certificate is missing, perhaps)',
};

/** @returns undefined for an error that is not about TLS */
export function describeTlsError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, cause } = error as Error & { readonly code?: unknown };
  // A deadline that has passed is a DOMException, whose code is a number.
  if (typeof code !== 'string') return describeTlsError(cause);
  const known = REASONS[code];
  if (known !== undefined) return `${known} (${code})`;
  if (code.startsWith('ERR_SSL_')) return `TLS fails (${code})`;
  return describeTlsError(cause);
}
