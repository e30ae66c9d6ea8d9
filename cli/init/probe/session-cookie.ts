/** Which of the cookies that a monolith sets carries the session: by the names that frameworks use, or by HttpOnly. */

export interface SessionCookie {
  readonly name: string;
  /** End of the sentence “the monolith sets it: …”. */
  readonly why: string;
}

/** Frameworks by the cookie that they set unless told otherwise. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^PHPSESSID$/, 'PHP'],
  [/^JSESSIONID$/, 'Java servlets'],
  [/^SESSION$/, 'Spring Session'],
  [/^connect\.sid$/, 'Express'],
  [/^koa[.:]sess(?:ion)?$/, 'Koa'],
  [/^sails\.sid$/, 'Sails'],
  [/^(?:.+_)?session$/i, 'Laravel, Rails, Flask and others'],
  [/^_session_id$/, 'Rails'],
  [/^sessionid$/, 'Django'],
  [/^rack\.session$/, 'Rack'],
  [/^_.+_key$/, 'Phoenix'],
  [/^ASP\.NET_SessionId$/i, 'ASP.NET'],
  [/^\.AspNetCore\.(?:Session|Cookies|Identity\.Application)$/i, 'ASP.NET Core'],
  [/^\.ASPXAUTH$/i, 'ASP.NET'],
  [/^unleash-session$/, 'Unleash'],
  [/^directus_session_token$/, 'Directus'],
  [/^PLAY_SESSION$/, 'Play'],
  [/^CAKEPHP$/i, 'CakePHP'],
  [/^ci_session/, 'CodeIgniter'],
  [/^S?SESS[0-9a-f]{32}$/, 'Drupal'],
  [/^wordpress_logged_in_/, 'WordPress'],
  [/^(?:__Secure-|__Host-)?(?:next-auth|authjs)\.session-token$/, 'Auth.js'],
  [/^(?:__Secure-|__Host-)?(?:.*[._-])?(?:sid|session(?:[._-]?id)?)$/i, 'many frameworks'],
];

/** Set beside a session: against forged requests, by load balancers, by guards against bots, by analytics. */
const OTHERS =
  /csrf|xsrf|antiforgery|^AWSALB|^BIGip|^ARRAffinity|^__cf|^cf_|^TS[0-9a-f]{6,}|^INGRESSCOOKIE$|^SERVERID$|^incap_|^visid_|^_g(a|id)|^(locale|lang|theme)$/i;
/** RFC 6265 section 4.1.1. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** @param setCookies values of Set-Cookie */
export function pickSessionCookie(setCookies: readonly string[]): SessionCookie | undefined {
  const cookies = setCookies.map(readCookie).filter(({ name }) => TOKEN.test(name) && !OTHERS.test(name));
  const ranked = cookies.flatMap(({ name }) => {
    const rank = KNOWN.findIndex(([pattern]) => pattern.test(name));
    return rank === -1 ? [] : [{ name, rank }];
  });
  const [known] = ranked.sort((a, b) => a.rank - b.rank);
  if (known) return { name: known.name, why: `its name is that of ${KNOWN[known.rank]?.[1]}` };
  const hidden = cookies.filter(({ httpOnly }) => httpOnly);
  const [only] = hidden;
  // Of several, any might be it.
  if (only === undefined || hidden.length > 1) return undefined;
  return { name: only.name, why: 'it is the only one that scripts cannot read (HttpOnly)' };
}

function readCookie(line: string): { name: string; httpOnly: boolean } {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const [name = '', value] = pair.split('=');
  const isRemoved = value === '' || attributes.some(isPast);
  return {
    name: isRemoved ? '' : name.trim(),
    httpOnly: attributes.some((each) => /^httponly$/i.test(each)),
  };
}

/** An attribute with which servers remove a cookie. */
function isPast(attribute: string): boolean {
  if (/^max-age=(0|-\d+)$/i.test(attribute)) return true;
  const expires = /^expires=(.+)$/i.exec(attribute)?.[1];
  return expires !== undefined && Date.parse(expires) < Date.now();
}
