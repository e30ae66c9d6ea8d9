/**
 * Authentication schemes that authenticate a connection, not a request: whatever is sent on it afterwards counts as
 * sent by the user who logged in. Such a connection may serve no other client.
 */
const SCHEMES = 'ntlm|negotiate|nego2|kerberos';
const OFFERED = new RegExp(`(?:^|,)[\\t ]*(?:${SCHEMES})(?![^\\t ,])`, 'i');
const USED = new RegExp(`^[\\t ]*(?:${SCHEMES})(?![^\\t ])`, 'i');

/** Whether the value of an Authorization field logs in on the connection. */
export const usesConnectionLogin = (authorization: string): boolean => USED.test(authorization);

/** Whether the value of a WWW-Authenticate field, which may list several challenges, asks for it. */
export const offersConnectionLogin = (challenges: string): boolean => OFFERED.test(challenges);
