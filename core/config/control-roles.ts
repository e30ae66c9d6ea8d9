/** What a token of the control plane is good for. */
export const CONTROL_ROLES = ['read', 'flags', 'report', 'operate', 'admin'] as const;

export type ControlRole = (typeof CONTROL_ROLES)[number];

/** What each role includes. */
const INCLUDED: Readonly<Record<ControlRole, readonly ControlRole[]>> = {
  read: ['read'],
  flags: ['flags'],
  report: ['report', 'flags'],
  operate: ['operate', 'read'],
  admin: CONTROL_ROLES,
};

export function hasRole(roles: readonly ControlRole[], wanted: ControlRole): boolean {
  return roles.some((role) => INCLUDED[role].includes(wanted));
}

interface Tokens {
  readonly token?: string | undefined;
  readonly tokens: readonly { readonly roles: readonly ControlRole[]; readonly token: string }[];
}

/** The token with which a program that has this config calls the control plane: the one that may least. */
export function tokenFor({ token, tokens }: Tokens, wanted: ControlRole): string | undefined {
  const named = tokens.filter(({ roles }) => hasRole(roles, wanted));
  const exact = named.find(({ roles }) => !hasRole(roles, 'admin'));
  return exact?.token ?? token ?? named[0]?.token;
}
