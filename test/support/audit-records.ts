import type { AuditRecord } from '../../src/telemetry/audit-record.ts'

const KMS = {
  algorithm: 'aws:kms',
  keyId: 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  bucketKey: true,
} as const

/** An upload that went well. */
export const UPLOAD: AuditRecord = {
  time: '2026-01-02T03:04:05.678Z',
  requestId: '0123456789ABCDEF',
  configHash: 'c0'.repeat(32),
  client: 'billing',
  sourceIp: '10.0.0.1',
  operation: 'PutObject',
  bucket: 'billing-eu',
  key: '2026/01/02/invoices.parquet',
  versionId: undefined,
  rule: 'finance',
  decision: 'allow',
  requestedEncryption: { algorithm: 'AES256' },
  appliedEncryption: KMS,
  confirmedEncryption: KMS,
  status: 200,
  upstreamRequestId: '4442587FB7D0A2F9',
  requestBytes: 4096,
  responseBytes: 0,
  durationMs: 12.345_678,
  reason: undefined,
}

/** A request that was refused before anything was known of it. */
export const REFUSED: AuditRecord = {
  time: '2026-01-02T03:04:05.678Z',
  requestId: '0123456789ABCDEF',
  configHash: 'c0'.repeat(32),
  client: undefined,
  sourceIp: undefined,
  operation: undefined,
  bucket: undefined,
  key: undefined,
  versionId: undefined,
  rule: undefined,
  decision: 'none',
  requestedEncryption: undefined,
  appliedEncryption: undefined,
  confirmedEncryption: undefined,
  status: 400,
  upstreamRequestId: undefined,
  requestBytes: 0,
  responseBytes: 231,
  durationMs: 0.2,
  reason: 'bad-request-line',
}
