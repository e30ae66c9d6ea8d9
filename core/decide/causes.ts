/**
 * What lies behind a reason, in the words of `ficus explain`: why no route takes a request, why a caller has a name or
 * none, and why a flag is on or off for them. Each says what to do when a user was not moved.
 */
import type { Word } from '../words/word.ts';

export const noRouteCauses = {
  'condition-unmet': {
    means: 'A route takes this method and path, but one of its conditions does not hold.',
    action: 'Send what the condition needs, or change the condition.',
  },
  'method-not-listed': {
    means: 'A route has this path, but not this method.',
    action: 'Add the method to `methods` of the route, if its slice should take it.',
  },
  'path-spelled-otherwise': {
    means:
      'A route has this path in another spelling: in another case, or with or without a slash at its end.',
    action:
      'Ask for the spelling of the route. If the monolith takes both for one path, which `ficus check --live` finds out, set what the route needs: `legacy.paths.ignoreCase` or `ignoreTrailingSlash`.',
  },
  'path-not-listed': {
    means: 'No route has this path.',
    action: 'Add a route to the slice that should take it; without one, the legacy serves.',
  },
} as const satisfies Record<string, Word>;

export type NoRouteCause = keyof typeof noRouteCauses;

export const callerCauses = {
  'named-by-source': { means: 'The source that `proxy.identify` names says who calls.', action: '' },
  'named-by-operator': {
    means:
      'You asked as this user (`--as`), as if the proxy had identified them. The name is taken as given: whether there is such a user is not known.',
    action: '',
  },
  'never-named': {
    means: 'You asked as this user (`--as`), but the proxy never identifies a caller by this name.',
    action: 'Ask as a user that the source can name, or with a real request’s --cookie or --header.',
  },
  'own-bucket': { means: 'The caller has no name, and brought the bucket of `anonymousBucket`.', action: '' },
  'new-bucket': {
    means:
      'The caller has no name and brought no bucket: the answer would assign one by chance, and it decides from then on.',
    action: 'Give the bucket’s cookie with --cookie to ask about a caller who has one.',
  },
  'not-asked': {
    means: 'The proxy does not identify the callers of requests that match no route.',
    action: '',
  },
  'no-source': {
    means: '`proxy.identify` names no user and no session: all callers are anonymous.',
    action: 'Set `proxy.identify.user`, or the slice’s `anonymousBucket`.',
  },
  'no-credentials': {
    means:
      'The request carries nothing that the configured sources read: nothing was verified or asked, and its caller is anonymous.',
    action: 'Give what the caller sends with --cookie or --header, or ask as a user with --as.',
  },
  'peer-not-believed': {
    means:
      'The request names its caller, but comes from a peer outside `trustedFrom`: it counts for nothing.',
    action: 'Add the gateway’s address to `trustedFrom`; --client says from where the request comes.',
  },
  'token-refused': {
    means: 'The token does not hold, so its caller is anonymous.',
    action: 'Let the caller log in again; if all tokens fail, check `proxy.identify.jwt`.',
  },
  'not-logged-in': {
    means:
      'The legacy was asked whose session it is, and says (401, 403, 204, or null in place of the user) that no user is logged in with it.',
    action: 'Let the caller log in again; if all sessions are strange to it, check `introspect`.',
  },
  'not-named': {
    means:
      'The legacy was asked whose session it is, and its answer has no user at `field`: the session belongs to no user (a wrong password, a login that has ended), or `field` is wrong.',
    action:
      'Ask about a user who is certainly logged in. If they are named, let this caller log in, and let the legacy answer 401, or null as the user, to sessions without one: their callers are then anonymous, not unknown. If they are not, correct `field`.',
  },
  'legacy-silent': {
    means: 'The legacy could not be asked whose session it is: the caller is unknown, never anonymous.',
    action: 'Find out why the introspection’s path does not answer: `ficus check --live` asks it once.',
  },
  'claim-missing': {
    means: 'The token holds, but does not name its caller where the config looks.',
    action: 'Set `jwtClaim` to the claim that names the user.',
  },
  'token-undecided': {
    means: 'The token cannot be verified just now, or never expires: the caller is unknown, never anonymous.',
    action:
      'Check that the issuer’s keys (`proxy.identify.jwt`) can be fetched, and that its tokens have an exp.',
  },
  'named-twice': {
    means: 'The header that names the caller is there several times: which one counts cannot be known.',
    action: 'Let the gateway replace the client’s header instead of adding its own.',
  },
} as const satisfies Record<string, Word>;

export type CallerCause = keyof typeof callerCauses;

export const flagCauses = {
  on: { means: 'A strategy of the flag includes this caller.', action: '' },
  'chance-once': {
    means:
      'The caller brought no bucket: the first answer gives them one by chance, in the cookie of `anonymousBucket`, and they keep their side by it.',
    action: 'Give the bucket’s cookie with --cookie to ask about a caller who has one.',
  },
  'chance-each-time': {
    means:
      'The share sticks to nothing (`random`): each request is decided by chance, and no caller keeps a side.',
    action: 'Give the flag another stickiness where it is kept, if callers should keep their side.',
  },
  'not-known': {
    means: 'The proxy has not received any flags yet: all are off.',
    action:
      'Check that the source of the flags answers; /readyz and the log of the proxy say what is missing.',
  },
  'no-source': {
    means: 'Built-in flags come from the control plane, and this proxy has none: all are off.',
    action: 'Start `ficus up`, or set `flags.provider` to `file` or `unleash`.',
  },
  missing: {
    means: 'There is no such flag, and a missing flag is off.',
    action: 'Make it, with the share that you want: `ficus serve SLICE PERCENT`.',
  },
  'switched-off': {
    means: 'The flag is switched off.',
    action: 'Switch it on, with a share that includes this caller: `ficus serve SLICE PERCENT`.',
  },
  'share-too-small': {
    means: 'The share does not reach this caller.',
    action: 'Raise the share to the caller’s bucket or above: `ficus serve SLICE PERCENT`.',
  },
  'caller-without-name': {
    means: 'A share below 100 % moves no caller without a name.',
    action: 'Identify callers (`proxy.identify`), give them buckets (`anonymousBucket`), or serve 100 %.',
  },
  constrained: {
    means: 'Constraints or segments of the flag’s strategies leave this caller out.',
    action: 'Change them where the flag is kept, if this caller should be included.',
  },
  'not-listed': {
    means: 'No strategy of the flag includes this caller.',
    action: 'Change the strategies where the flag is kept, if this caller should be included.',
  },
  dependent: {
    means: 'The flag depends on another one, which is not as it requires.',
    action: 'Change the other flag, or remove the dependency where the flags are kept.',
  },
  unreadable: {
    means: 'unleash-client cannot evaluate the flag, which is then off.',
    action: 'See “flag cannot be evaluated” in the log of the proxy, and correct the flag.',
  },
} as const satisfies Record<string, Word>;

export type FlagCause = keyof typeof flagCauses;
