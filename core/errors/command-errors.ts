import type { ErrorEntry } from './error-entry.ts';

/** Config and command line. */
export const commandErrors = {
  FICUS_CONFIG_INVALID: {
    status: 422,
    exit: 1,
    title: 'The configuration is not valid',
    remedy: 'Fix every path listed; `ficus check` lists them all.',
    retry: 'manual',
  },
  FICUS_CONFIG_WEAK: {
    status: 422,
    exit: 1,
    title: 'The configuration is valid, but a setting in it is weak',
    remedy: 'Do what the message says before this config serves other users than you.',
    retry: 'manual',
  },
  FICUS_CONFIG_UNREADABLE: {
    status: 500,
    exit: 3,
    title: 'The configuration file cannot be read',
    remedy: 'Give the right file with --config FILE; `ficus init` writes a first one.',
    retry: 'manual',
  },
  FICUS_RUNNING_ELSEWHERE: {
    status: 409,
    exit: 3,
    title: 'The running proxy takes its flags from a place to which the config names no way',
    remedy:
      'Set the variables that control: and flags: name; or put the old ones back, or into a copy of the file, and run the command with --config; or restart the proxy, which then reads the new place.',
    retry: 'manual',
  },
  FICUS_STATUS_NOWHERE: {
    status: 422,
    exit: 3,
    title: 'The configuration names nothing that could be asked for its status',
    remedy:
      'Set proxy.admin, for instance to 127.0.0.1:8082, and restart the proxy; or add a control plane (`control:`).',
    retry: 'manual',
  },
  FICUS_PROXY_UNREACHABLE: {
    status: 503,
    exit: 3,
    title: 'The proxy does not answer at its admin address',
    remedy: 'Start it with `ficus proxy` or `ficus up`, or set proxy.admin to where it runs.',
    retry: 'timed',
  },
  FICUS_PEM_UNREADABLE: {
    status: 500,
    exit: 3,
    title: 'A key or certificate cannot be read',
    remedy:
      'Fix the path that the message names in ficus.yaml, or let the user that runs Ficus read it. Keys of assertions are made with `openssl genpkey -algorithm ed25519`.',
    retry: 'manual',
  },
  FICUS_TLS_INVALID: {
    status: 500,
    exit: 3,
    title: 'A certificate, or its key, cannot be used',
    remedy: 'Put the certificate, its intermediate ones and its own key, all as PEM, where the message says.',
    retry: 'manual',
  },
  FICUS_ERROR_PAGE_UNREADABLE: {
    status: 500,
    exit: 3,
    title: 'The template of the error page cannot be read',
    remedy: 'Fix proxy.errorPage in ficus.yaml, or let the user that runs Ficus read the file.',
    retry: 'manual',
  },
  FICUS_FLAGS_FILE_INVALID: {
    status: 500,
    exit: 3,
    title: 'The flags file cannot be read, or is not in Unleash’s client-features format',
    remedy:
      'Fix what the message names in the file of flags.file, or move the file away: a missing one is made at the next flip.',
    retry: 'manual',
  },
  FICUS_OPENAPI_UNREADABLE: {
    status: 500,
    exit: 3,
    title: 'The OpenAPI document cannot be read',
    remedy: 'Give a file, or a URL that answers, with the document as JSON or YAML.',
    retry: 'manual',
  },
  FICUS_USAGE: {
    status: 400,
    exit: 2,
    title: 'Wrong usage',
    remedy: 'See --help of the command.',
    retry: 'never',
  },
  FICUS_SLICE_UNKNOWN: {
    status: 404,
    exit: 2,
    title: 'No such slice',
    remedy: 'Use a slice named in ficus.yaml; `ficus status` lists them.',
    retry: 'never',
  },
  FICUS_PROXY_NOT_EXPLAINED: {
    status: 403,
    exit: 3,
    title: 'The proxy does not explain its decisions to this caller',
    remedy:
      'Ask on the machine of the proxy, at proxy.admin itself, or set control.token in the ficus.yaml of proxy and command to the same token.',
    retry: 'manual',
  },
  FICUS_PROXY_FOREIGN_ORIGIN: {
    status: 403,
    exit: 3,
    title:
      'The admin address of a proxy does not answer pages of other sites, nor /status under a foreign name, nor /status and /metrics through another proxy',
    remedy:
      'Ask by the address of the machine or as localhost, or send a token with the role read that control.tokens of the proxy’s ficus.yaml has.',
    retry: 'never',
  },
  FICUS_SLOT_UNKNOWN: {
    status: 404,
    exit: 2,
    title: 'No such slot',
    remedy: 'Use the name of a slot as `ficus check --live` or pg_replication_slots shows it.',
    retry: 'never',
  },
  FICUS_SLOT_LEFT: {
    status: 409,
    exit: 3,
    title: 'A slot or publication is used by no slice of the config',
    remedy: 'Remove it: ficus remove SLICE (--dry-run shows the SQL).',
    retry: 'manual',
  },
  FICUS_REMOVE_IN_USE: {
    status: 409,
    exit: 3,
    title: 'What would be removed is in use',
    remedy:
      'Take the slice out of ficus.yaml (a running control plane then ends its stream), or stop the control plane; then run the command again.',
    retry: 'manual',
  },
  FICUS_UNINSTALL_IN_USE: {
    status: 409,
    exit: 3,
    title: 'What would be removed is in use, all of it',
    remedy: 'Stop `ficus up` or `ficus control`; then run the command again.',
    retry: 'manual',
  },
  FICUS_REMOVE_CHANGED: {
    status: 409,
    exit: 3,
    title: 'What would be removed changed while the question waited',
    remedy: 'Run the command again: it shows the SQL as it is now.',
    retry: 'manual',
  },
  FICUS_PORT_TAKEN: {
    status: 500,
    exit: 3,
    title: 'The port is taken',
    remedy: 'Stop the other process, or choose another port (0 asks for a free one).',
    retry: 'manual',
  },
  FICUS_PORT_DENIED: {
    status: 500,
    exit: 3,
    title: 'No permission to listen on the port',
    remedy: 'Choose a port of 1024 or above, or give the process the privilege (CAP_NET_BIND_SERVICE).',
    retry: 'manual',
  },
  FICUS_ADDRESS_UNAVAILABLE: {
    status: 500,
    exit: 3,
    title: 'The address does not belong to this machine',
    remedy: 'Name an address of this machine; 0.0.0.0 listens on all of them.',
    retry: 'manual',
  },
  FICUS_OUTPUT_LOST: {
    status: 500,
    exit: 3,
    title: 'Standard output cannot be written',
    remedy: 'Free space where it goes, or redirect it elsewhere.',
    retry: 'manual',
  },
  FICUS_PATH_UNUSABLE: {
    status: 500,
    exit: 3,
    title: 'A file or directory cannot be written or used',
    remedy: 'Fix what the message names, or choose another place.',
    retry: 'manual',
  },
  FICUS_INTERNAL: {
    status: 500,
    exit: 3,
    title: 'Unexpected internal error',
    remedy: 'Run it again with FICUS_LOG_LEVEL=debug and report the log.',
    retry: 'manual',
  },
} as const satisfies Record<string, ErrorEntry>;
