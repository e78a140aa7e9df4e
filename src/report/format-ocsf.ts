import { toOcsf } from '../telemetry/ocsf.ts'
import type { Report } from './report.ts'
import type { ListedLine } from './summarize.ts'

/** Values of `status_id` of a compliance. */
const PASS = 1
const WARNING = 2
const FAIL = 3
const CLASS_UID = 2003

/**
 * The report as events of OCSF 1.3, one a line: a Compliance Finding (2003) with the counts, and a
 * Datastore Activity (6005) for each listed line.
 *
 * Source: https://schema.ocsf.io/1.3.0/classes/compliance_finding
 */
export function formatOcsf({ head, summary }: Report): string {
  const { total, period, unconfirmed, readsNotUnderPolicy, exemptions } = summary
  const { answers } = head
  const isBad = answers.verdict === 'failed' || total.unconfirmed + total.mismatched > 0
  const isGood = answers.verdict === 'verified' && total.sealed === total.objects
  const warned = isGood ? PASS : WARNING
  const statusId = isBad ? FAIL : warned
  const status = { [PASS]: 'Pass', [WARNING]: 'Warning', [FAIL]: 'Fail' }[statusId]
  const finding = {
    activity_id: 1,
    activity_name: 'Create',
    category_uid: 2,
    category_name: 'Findings',
    class_uid: CLASS_UID,
    class_name: 'Compliance Finding',
    type_uid: CLASS_UID * 100 + 1,
    time: Date.parse(head.runAt),
    start_time: Date.parse(period.from),
    end_time: Date.parse(period.to),
    severity_id: isBad ? 4 : 1,
    compliance: {
      control: "Objects are encrypted under the policy's key",
      status_id: statusId,
      status,
      status_detail: `${total.sealed} of ${total.objects} objects; ${answers.integrity}; ${answers.completeness}`,
    },
    finding_info: {
      uid: `sealgate-report/${head.runAt}`,
      title: 'Sealgate audit report',
      desc: head.command,
      created_time: Date.parse(head.runAt),
    },
    metadata: {
      version: '1.3.0',
      product: { name: 'Sealgate', vendor_name: 'Sealgate', version: head.version },
      log_name: 'sealgate.report',
    },
    unmapped: { ...head, total, exemptions, reads: summary.reads, refusals: summary.refusals },
  }
  const listed = [...unconfirmed.items, ...readsNotUnderPolicy.items]
  const events = [finding, ...listed.map((line) => toOcsf(asAuditLine(line), head.version))]
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}

function asAuditLine({ confirmedKey, appliedKey, ...line }: ListedLine) {
  const encryption = (keyId: string | null) =>
    keyId === null ? null : { algorithm: 'aws:kms', keyId }
  const confirmed = /^arn:/.test(confirmedKey) ? encryption(confirmedKey) : null
  return { ...line, appliedEncryption: encryption(appliedKey), confirmedEncryption: confirmed }
}
