/** TLS of what Ficus listens on, and of its own connections to the control plane. */
import { z } from 'zod';

const path = z.string().min(1);
const cert = path.optional().describe('PEM file of the client certificate');
const key = path.optional().describe('PEM file of the client key');

/** `proxy.tls` and `control.tls`: with it, the listener speaks HTTPS and nothing else. */
export const listenerTlsSchema = z
  .strictObject({
    cert: path.describe(
      'PEM file of the certificate, the intermediate ones behind it; read again when it changes',
    ),
    key: path.describe('PEM file of its private key, without a passphrase'),
    ca: path
      .optional()
      .describe('PEM file of the authorities that sign the certificates of clients; for clientAuth'),
    clientAuth: z
      .enum(['none', 'request', 'require'])
      .default('none')
      .describe(
        'require: no client without a certificate of `ca` gets as far as HTTP. request, of control.tls alone: clients may have one; one that `ca` did not sign counts as none',
      ),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .describe('the oldest version that is spoken'),
  })
  .superRefine((tls, context) => {
    const needsCa = tls.clientAuth !== 'none';
    if (needsCa === (tls.ca !== undefined)) return;
    const message = needsCa
      ? `is required by clientAuth: ${tls.clientAuth}; public authorities sign certificates for anybody`
      : 'has no effect without clientAuth: request or require';
    context.addIssue({ code: 'custom', path: ['ca'], message });
  });

export type ListenerTlsConfig = z.output<typeof listenerTlsSchema>;

/** `proxy.tls`: the name in a client's certificate reaches no side, so one that is merely asked for would change nothing. */
export const proxyTlsSchema = listenerTlsSchema.superRefine(({ clientAuth }, context) => {
  if (clientAuth !== 'request') return;
  const message =
    'request has no effect here: the proxy reads nothing from a client’s certificate; write require, or remove clientAuth and ca';
  context.addIssue({ code: 'custom', path: ['clientAuth'], message });
});

/** `control.client`: how proxies and commands that have this config connect to the control plane. */
export const controlClientSchema = z
  .strictObject({
    ca: path
      .optional()
      .describe('PEM file of the authority that signs the control plane’s certificate; else the public ones'),
    cert,
    key,
    serverName: z
      .string()
      .min(1)
      .optional()
      .describe('name in the control plane’s certificate, where it is not the host of the URL'),
  })
  .superRefine(requirePair);

export type ControlClientConfig = z.output<typeof controlClientSchema>;

/** A certificate proves nothing without its key. */
export function requirePair(
  tls: { readonly cert?: string | undefined; readonly key?: string | undefined },
  context: z.core.$RefinementCtx,
): void {
  if ((tls.cert === undefined) === (tls.key === undefined)) return;
  const [missing, given] = tls.cert === undefined ? ['cert', 'key'] : ['key', 'cert'];
  context.addIssue({ code: 'custom', path: [missing!], message: `is required: ${given} is given` });
}
