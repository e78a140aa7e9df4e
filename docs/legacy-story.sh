#!/bin/sh
# The story that Sealgate was written for, to be run against any S3 server that knows SSE-KMS and bucket policies.
#
# A compliance rule arrives: the bucket denies every upload without `x-amz-server-side-encryption: aws:kms`. The nightly job
# is a plain `aws s3 cp` that nobody can change. It fails. Then its endpoint, and nothing else, is pointed at Sealgate.
#
#   S3_ENDPOINT            the S3 server, for example http://127.0.0.1:7480
#   S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY              who owns the bucket
#   SEALGATE_ENDPOINT      Sealgate in front of it, for example http://127.0.0.1:8080
#   SEALGATE_ACCESS_KEY_ID, SEALGATE_SECRET_ACCESS_KEY  a client of Sealgate's configuration
#   BUCKET                 a bucket that does not exist yet
#   AWS                    the aws command line; /usr/bin/aws unless set
#
# Needs nothing else. Prints what happens; exits 0 when the story went as told.
set -eu

AWS=${AWS:-/usr/bin/aws}
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}" AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

owner() { # the same command line, with the owner's keys, at the S3 server itself
    AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$S3_SECRET_ACCESS_KEY \
        "$AWS" --endpoint-url "$S3_ENDPOINT" "$@"
}
through_sealgate() { # the same command line, with keys that Sealgate gave out, at Sealgate
    AWS_ACCESS_KEY_ID=$SEALGATE_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$SEALGATE_SECRET_ACCESS_KEY \
        "$AWS" --endpoint-url "$SEALGATE_ENDPOINT" "$@"
}
say() { printf '\n%s\n' "$*"; }
fail() { printf '\nThe story went wrong: %s\n' "$*" >&2; exit 1; }

say '1. The compliance team makes a bucket that denies every upload without SSE-KMS.'
owner s3 mb "s3://$BUCKET"
cat > "$folder/policy.json" <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "DenyOtherEncryption",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::$BUCKET/*",
      "Condition": { "StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" } }
    },
    {
      "Sid": "DenyNoEncryption",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::$BUCKET/*",
      "Condition": { "Null": { "s3:x-amz-server-side-encryption": "true" } }
    }
  ]
}
POLICY
owner s3api put-bucket-policy --bucket "$BUCKET" --policy "file://$folder/policy.json"

say '2. The nightly job, which cannot send the header, fails.'
date > "$folder/report.txt"
if owner s3 cp "$folder/report.txt" "s3://$BUCKET/report.txt" > "$folder/out" 2>&1; then
    fail 'the plain upload was accepted'
fi
cat "$folder/out"
# Not every server's refusal carries a message, and some versions of the command line stumble over that: the code is in the debug output.
owner --debug s3 cp "$folder/report.txt" "s3://$BUCKET/report.txt" > "$folder/out" 2>&1 || true
grep -o 'AccessDenied' "$folder/out" | head -n 1 | grep . || fail 'the plain upload failed for another reason'

say '3. Its endpoint is pointed at Sealgate. The same command succeeds.'
through_sealgate s3 cp "$folder/report.txt" "s3://$BUCKET/report.txt"

say '4. What the S3 server says of the object.'
owner s3api head-object --bucket "$BUCKET" --key report.txt > "$folder/head.json"
cat "$folder/head.json"
grep -q '"ServerSideEncryption": "aws:kms"' "$folder/head.json" || fail 'the object is not under SSE-KMS'

say '5. And it is the same report.'
through_sealgate s3 cp "s3://$BUCKET/report.txt" "$folder/back.txt"
cmp "$folder/report.txt" "$folder/back.txt" || fail 'the report came back changed'
