import type { ErrorCode } from '@ficus/core';

/** The error code of a request that the proxy refuses with this status before any side sees it. */
export function refusalCode(status: number): ErrorCode {
  switch (status) {
    case 405:
    case 501:
    case 505:
      return 'FICUS_PROXY_UNSUPPORTED';
    case 408:
      return 'FICUS_PROXY_REQUEST_TIMEOUT';
    case 413:
      return 'FICUS_PROXY_BODY_TOO_LARGE';
    case 414:
    case 431:
      return 'FICUS_PROXY_HEAD_TOO_LARGE';
    default:
      return 'FICUS_PROXY_BAD_REQUEST';
  }
}
