set -eu
export S3_ENDPOINT_URL=$ENDPOINT
s5cmd cp small.bin "s3://$BUCKET/small.bin"
s5cmd cp --sse aws:kms --sse-kms-key-id "$OTHER_KEY" --part-size 5 large.bin "s3://$BUCKET/large.bin"
s5cmd cp --sse aws:kms --sse-kms-key-id "$OTHER_KEY" "s3://$BUCKET/small.bin" "s3://$BUCKET/copy.bin"
s5cmd mv "s3://$BUCKET/copy.bin" "s3://$BUCKET/gone.bin"
s5cmd cp "s3://$BUCKET/small.bin" small.back
s5cmd cp "s3://$BUCKET/large.bin" large.back
test "$(s5cmd ls "s3://$BUCKET/" | wc -l)" = 3
s5cmd rm "s3://$BUCKET/gone.bin"
