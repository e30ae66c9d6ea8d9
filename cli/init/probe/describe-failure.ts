/** Why a server cannot be probed, as a sentence, and what to do. */

const CERTIFICATE =
  'Name the PEM file of the authority that signed it in `tls.ca` of ficus.yaml; NODE_EXTRA_CA_CERTS=FILE lets init read it.';

/** Codes of OpenSSL and Node for a server that does not speak TLS. */
const NO_TLS = /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST))$/;
const UNKNOWN_AUTHORITY =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_UNTRUSTED)$/;

/**
 * @param error of node:http, node:https, or of an aborted request
 * @param answerMs how long an answer was waited for, in milliseconds
 */
export function describeFailure(url: URL, error: NodeJS.ErrnoException, answerMs: number): string {
  const at = `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
  const code = error.code ?? '';
  if (error.name === 'AbortError')
    return `${url.origin} gave no answer within ${answerMs / 1000} s. Check the address, and that no firewall is between.`;
  if (UNKNOWN_AUTHORITY.test(code))
    return `The certificate of ${at} is signed by an authority that this machine does not know (${code}). ${CERTIFICATE}`;
  if (NO_TLS.test(code)) return `${at} does not speak TLS. Write the URL with http://.`;
  if (code.startsWith('HPE_'))
    return `${at} does not speak HTTP (${code}). ${url.protocol === 'http:' ? 'If it speaks TLS, write the URL with https://; otherwise check' : 'Check'} the port.`;
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `There is no host “${url.hostname}”: the name cannot be looked up on this machine. Check its spelling, or run init where it is known.`;
    case 'ECONNREFUSED':
      return `Nothing listens on ${at}. Start the server, or name the port on which it listens.`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `${at} cannot be reached from this machine (${code}). Check the address, and the network between.`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${at} closed the connection without an answer. ${url.protocol === 'http:' ? 'If it speaks TLS, write the URL with https://.' : 'Check the port.'}`;
    case 'CERT_HAS_EXPIRED':
      return `The certificate of ${at} has expired. Renew it: the proxy would refuse it as well.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `The certificate of ${at} is for another name. Write the URL with that name, or set \`tls.serverName\` in ficus.yaml.`;
    default:
      return `${at} cannot be asked: ${code || error.message}.`;
  }
}
