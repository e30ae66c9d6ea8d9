/** Both sides of the notifications contract, started with the same data: the monolith and the extracted service. */
import { SignJWT } from 'jose';
import { mappedService, type SampleDatabase, seededShop } from './sample-databases.ts';
import { type SampleEnvironment, startSample } from './sample-process.ts';

/** An application that fulfils the contract, and how to log in to it. */
export interface ContractSubject extends AsyncDisposable {
  readonly address: string;
  /** Headers that make a request come from this customer. */
  as(customer: number): Promise<Readonly<Record<string, string>>>;
}

export const IDENTITY_SECRET = 'a secret for the contract tests';
export const INTERNAL_TOKEN = 'a token for the contract tests';

export async function startMonolith(port: number): Promise<ContractSubject> {
  const shop = await seededShop(port);
  return monolithOver(shop, [shop]);
}

export async function startService(
  port: number,
  environment: SampleEnvironment = {},
): Promise<ContractSubject> {
  await using shop = await seededShop(port);
  const database = await mappedService(port, shop);
  return serviceOver(database, [database], environment);
}

/** Disposes `owned` after the process has ended. */
export async function monolithOver(
  shop: SampleDatabase,
  owned: readonly SampleDatabase[],
): Promise<ContractSubject> {
  const { address, stop } = await startSample('legacy-monolith', { DATABASE_URL: shop.url, INTERNAL_TOKEN });
  const cookies = new Map<number, string>();
  return {
    address,
    as: async (customer) => {
      const cookie = cookies.get(customer) ?? (await logIn(address, customer));
      cookies.set(customer, cookie);
      return { cookie };
    },
    [Symbol.asyncDispose]: () => end(stop, owned),
  };
}

/** Disposes `owned` after the process has ended. */
export async function serviceOver(
  database: SampleDatabase,
  owned: readonly SampleDatabase[],
  environment: SampleEnvironment = {},
): Promise<ContractSubject> {
  const { address, stop } = await startSample('extracted/notifications', {
    DATABASE_URL: database.url,
    IDENTITY_SECRET,
    INTERNAL_TOKEN,
    ...environment,
  });
  return {
    address,
    as: async (customer) => ({ 'x-ficus-identity': await signIdentity(String(customer)) }),
    [Symbol.asyncDispose]: () => end(stop, owned),
  };
}

interface IdentityClaims {
  readonly secret?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly expires?: string | number;
}

/** An identity as the proxy would assert it; individual claims can be overridden. */
export function signIdentity(subject: string, claims: IdentityClaims = {}): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(claims.issuer ?? 'ficus')
    .setAudience(claims.audience ?? 'notifications')
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime(claims.expires ?? '1 minute')
    .sign(new TextEncoder().encode(claims.secret ?? IDENTITY_SECRET));
}

/** The cookie of a new session. */
export async function logIn(address: string, customer: number): Promise<string> {
  const response = await fetch(`${address}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `customer${customer}@example.test`, password: 'ficus' }),
  });
  const cookie = response.headers.get('set-cookie')?.split(';')[0];
  if (response.status !== 200 || !cookie)
    throw new Error(`customer ${customer} was not let in: ${response.status}`);
  return cookie;
}

async function end(stop: () => Promise<unknown>, owned: readonly SampleDatabase[]): Promise<void> {
  await stop();
  for (const database of owned) await database[Symbol.asyncDispose]();
}
