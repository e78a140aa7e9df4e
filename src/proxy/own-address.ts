import { TLSSocket } from 'node:tls'
import { headerValue } from '../base/header-list.ts'
import type { S3Request } from '../request/read-request.ts'
import { encodePath } from '../s3/percent-encoding.ts'
import type { Resource } from '../s3/resource.ts'
import type { Forwarded } from '../upstream/forward.ts'
import {
  type AnswerHead,
  type AnswerSink,
  type AnswerSource,
  answerHead,
  withoutLength,
} from '../upstream/upstream-answer.ts'
import { InvalidAnswer } from '../upstream/upstream-failure.ts'
import type { Exchange } from './exchange.ts'
import { LocationRewriter } from './location-rewriter.ts'

/** The client's URL of an object: with the scheme, host and style of its request. */
export function ownAddress(
  { request }: Pick<Exchange, 'request'>,
  { headers, resource }: Pick<S3Request, 'headers' | 'resource'>,
): string {
  // Not the listener's setting: an egress listener without TLS still intercepts TLS.
  const scheme = request.socket instanceof TLSSocket ? 'https' : 'http'
  return `${scheme}://${headerValue(headers, 'host') ?? ''}${pathOf(resource)}`
}

/**
 * Returns a success with S3's own address replaced by the client's, in a Location field or in the
 * document of CompleteMultipartUpload. The new length is not known in advance and is left out.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */
export function withOwnAddress(
  exchange: Exchange,
  parsed: S3Request,
  { head, answer }: Forwarded,
): Forwarded {
  if (head.status < 200 || head.status > 299) return { head, answer }
  const isRewritten =
    parsed.operation.name === 'CompleteMultipartUpload' &&
    headerValue(head.headers, 'content-encoding') === undefined
  if (!isRewritten && !isElsewhere(headerValue(head.headers, 'location'))) return { head, answer }

  const address = ownAddress(exchange, parsed)
  return isRewritten
    ? { head: withAddress(withoutLength(head), address), answer: rewritten(answer, address) }
    : { head: withAddress(head, address), answer }
}

function withAddress({ status, headers, rawHeaders }: AnswerHead, address: string): AnswerHead {
  const list: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] ?? ''
    const isReplaced = headers[i] === 'location' && isElsewhere(value)
    list.push(rawHeaders[i] ?? '', isReplaced ? address : value)
  }
  return answerHead(status, list)
}

function rewritten(answer: AnswerSource, address: string): AnswerSource {
  return {
    attach: (sink) => answer.attach(rewritingSink(sink, new LocationRewriter(address))),
    resume: () => answer.resume(),
    abort: (reason) => answer.abort(reason),
  }
}

function rewritingSink(sink: AnswerSink, rewriter: LocationRewriter): AnswerSink {
  return {
    write: (chunk) => {
      const bytes = rewriter.push(chunk)
      return bytes.length === 0 || sink.write(bytes)
    },
    end: () => {
      const rest = rewriter.end()
      if (rest === undefined) {
        sink.fail(new InvalidAnswer('an unterminated Location element'))
        return
      }
      if (rest.length > 0) sink.write(rest)
      sink.end()
    },
    fail: (error) => sink.fail(error),
  }
}

/** S3 in us-east-1 returns a path, which is relative to the client's own URL. */
function isElsewhere(location: string | undefined): boolean {
  return location !== undefined && !/^\/(?!\/)/.test(location)
}

function pathOf({ bucket = '', key, style }: Resource): string {
  const inBucket = key === undefined ? '' : encodePath(key)
  return style === 'path' ? `/${bucket}/${inBucket}` : `/${inBucket}`
}
