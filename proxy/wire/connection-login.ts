/**
 * Authentication schemes that authenticate a connection, not a request: whatever is sent on it afterwards counts as
 * sent by the user who logged in. Such a connection may serve no other client.
 */
const SCHEMES = 'ntlm|negotiate|nego2|kerberos';
const CONTINUED = new RegExp(`(?:^|,)[\\t ]*(?:${SCHEMES})[\\t ]+[-\\w.~+/]+=*[\\t ]*(?:$|,)`, 'i');
const USED = new RegExp(`^[\\t ]*(?:${SCHEMES})(?![^\\t ])`, 'i');

/** Whether the value of an Authorization field logs in on the connection. */
export const usesConnectionLogin = (authorization: string): boolean => USED.test(authorization);

/**
 * Whether the value of a WWW-Authenticate field, which may list several challenges, continues such a login: it carries a
 * token. A bare challenge, which every guest is answered with, begins none.
 */
export const continuesConnectionLogin = (challenges: string): boolean => CONTINUED.test(challenges);
