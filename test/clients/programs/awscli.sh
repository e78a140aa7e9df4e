set -eu
export AWS_ENDPOINT_URL_S3=$ENDPOINT
s3() { aws s3 "$@" --no-progress; }
s3 cp small.bin "s3://$BUCKET/small.bin"
s3 cp large.bin "s3://$BUCKET/large.bin" --sse aws:kms --sse-kms-key-id "$OTHER_KEY"
s3 cp "s3://$BUCKET/small.bin" "s3://$BUCKET/copy.bin" --sse aws:kms --sse-kms-key-id "$OTHER_KEY"
s3 mv "s3://$BUCKET/copy.bin" "s3://$BUCKET/gone.bin"
s3 cp "s3://$BUCKET/small.bin" small.back
s3 cp "s3://$BUCKET/large.bin" large.back
test "$(aws s3 ls "s3://$BUCKET/" | wc -l)" = 3
aws s3 rm "s3://$BUCKET/gone.bin"
