/** The help text; also what a usage error points to. */
export const USAGE = `Sealgate: an S3 proxy that puts every upload under your KMS key.

Usage:
  sealgate serve   --config FILE
      Run the proxy. SIGHUP reloads the configuration, SIGTERM drains and exits.
  sealgate check   --config FILE
      Validate the configuration; print every error with its path. Exit 0 or 1.
  sealgate explain --config FILE [--client NAME] METHOD URL [-H 'name: value']...
      Say what would happen to this request, without sending anything: operation,
      matching rule, decision, headers set and removed. URL is a path or an address.
  sealgate probe   --config FILE --bucket BUCKET [--client NAME] [--endpoint URL] [--prefix P]
                   [--ca FILE]
      Sign as a client of the running proxy; write, read and delete a small object and
      show that it is under the policy's key. --ca: authority of the proxy's certificate.
  sealgate inject  --cert FILE --key FILE --image IMAGE [--address HOST:PORT] ...
      Kubernetes admission webhook that adds the sidecar to annotated pods.
      'sealgate inject --help' has all of its options.
  sealgate sandbox [--address HOST:PORT] [--data DIR]
      Only the embedded S3, for trying and testing.
  sealgate --help | --version

Exit codes: 0 success, 1 failure while running, 2 wrong usage or configuration.
`
