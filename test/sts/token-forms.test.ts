import t from 'tap'
import type { Client } from '../../src/config/config.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import { readIdentityToken, verifyIdentityToken } from '../../src/sts/identity-token.ts'
import { findKey, parseKeySet } from '../../src/sts/key-set.ts'
import { isIdentityOf } from '../../src/sts/web-identity.ts'
import { makeIssuerKey, signToken } from '../support/issuer.ts'

const NOW = 1_790_000_000

interface Form {
  readonly name: string
  readonly algorithm: string
  /** As the issuer writes it; `kid` is the key's. */
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>> & { readonly iss: string }
  /** How the issuer describes its key. */
  readonly key?: Readonly<Record<string, unknown>>
  readonly subject: string
  readonly rules?: Readonly<Record<string, string>>
  readonly stranger: string
}

/** With the head and the claims that the issuers' own pages show; names are made up. */
const FORMS: readonly Form[] = [
  {
    name: 'Kubernetes, a projected service account token',
    algorithm: 'RS256',
    header: { typ: undefined },
    claims: {
      iss: 'https://kubernetes.default.svc.cluster.local',
      aud: ['sealgate'],
      exp: NOW + 3607,
      iat: NOW,
      nbf: NOW,
      jti: 'ea28ed49-2e11-4280-9ec5-bc3d1d84661a',
      'kubernetes.io': {
        namespace: 'billing',
        node: { name: 'node-1', uid: '646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1' },
        pod: { name: 'app-0', uid: '5b8c0b8c-8a1c-4d5c-9b1d-5f1f5c0a0001' },
        serviceaccount: { name: 'app', uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
        warnafter: NOW + 3600,
      },
      sub: 'system:serviceaccount:billing:app',
    },
    subject: 'system:serviceaccount:billing:*',
    stranger: 'system:serviceaccount:billing2:app',
  },
  {
    name: 'GitHub Actions',
    algorithm: 'RS256',
    header: { x5t: 'eBZ_cn3sXYAd0ch4THBKHIgOwOE' },
    claims: {
      iss: 'https://token.actions.githubusercontent.com',
      aud: 'sealgate',
      sub: 'repo:acme/billing:ref:refs/heads/main',
      exp: NOW + 300,
      iat: NOW,
      nbf: NOW - 600,
      jti: 'example-id',
      ref: 'refs/heads/main',
      repository: 'acme/billing',
      repository_owner: 'acme',
      repository_owner_id: '1234567',
      run_attempt: '1',
      event_name: 'push',
      runner_environment: 'github-hosted',
    },
    subject: 'repo:acme/billing:ref:refs/heads/main',
    rules: { repository_owner_id: '1234567' },
    stranger: 'repo:acme/billing:ref:refs/heads/main2',
  },
  {
    name: 'GitLab CI',
    algorithm: 'RS256',
    header: {},
    claims: {
      iss: 'https://gitlab.example',
      aud: 'sealgate',
      sub: 'project_path:acme/billing:ref_type:branch:ref:main',
      exp: NOW + 3600,
      iat: NOW,
      nbf: NOW - 5,
      jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
      namespace_id: '72',
      project_id: '20',
      user_access_level: 'maintainer',
      user_identities: [{ provider: 'github', extern_uid: '2435223452345' }],
      ref_protected: 'true',
      groups_direct: ['acme/ops'],
    },
    subject: 'project_path:acme/billing:ref_type:branch:ref:*',
    rules: { ref_protected: 'true', namespace_id: '72', groups_direct: 'acme/*' },
    stranger: 'project_path:acme/other:ref_type:branch:ref:main',
  },
  {
    name: 'SPIFFE, a JWT-SVID of SPIRE',
    algorithm: 'ES256',
    header: {},
    claims: {
      iss: 'https://oidc.prod.example',
      aud: ['sealgate'],
      exp: NOW + 300,
      iat: NOW,
      sub: 'spiffe://prod.example/ns/billing/sa/app',
    },
    key: { use: 'jwt-svid', alg: undefined },
    subject: 'spiffe://prod.example/ns/billing/*',
    stranger: 'spiffe://prod.example.evil/ns/billing/sa/app',
  },
]

for (const form of FORMS) {
  t.test(`a token of ${form.name} proves its client`, async (t) => {
    const key = await makeIssuerKey(form.algorithm)
    const text = JSON.stringify({ keys: [{ ...key.jwk, ...form.key }] })
    const claims = Object.entries(form.rules ?? {}).map(([name, pattern]) => ({
      name,
      value: undefined,
      patterns: [compilePattern(pattern)],
    }))
    const subjects = [compilePattern(form.subject)]
    const identity = {
      kind: 'web-identity',
      issuer: 'name',
      subjects,
      claims,
    } as const satisfies Client['identity']
    const prove = async (changed: Readonly<Record<string, unknown>>): Promise<boolean | string> => {
      const read = readIdentityToken(
        await signToken(key, { ...form.claims, ...changed }, form.header),
      )
      if (!read.ok) return read.error.reason
      const found = findKey((await parseKeySet(text)) ?? [], read.value.keyId)
      if (found === undefined) return 'no key'
      const expected = { issuer: form.claims.iss, audiences: ['sealgate'] }
      const token = await verifyIdentityToken(read.value, found, expected, NOW * 1000)
      return token.ok ? isIdentityOf(identity, 'name', token.value) : token.error.reason
    }
    t.equal(await prove({}), true)
    t.equal(await prove({ sub: form.stranger }), false)
    t.equal(await prove({ aud: 'sts.amazonaws.com' }), 'token-audience')
    for (const name of Object.keys(form.rules ?? {})) {
      t.equal(await prove({ [name]: 'other' }), false, name)
      t.equal(await prove({ [name]: undefined }), false, name)
    }
    t.equal(
      isIdentityOf(identity, 'another', {
        subject: String(form.claims['sub']),
        claims: form.claims,
      }),
      false,
    )
  })
}
