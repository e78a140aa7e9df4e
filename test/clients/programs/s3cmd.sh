set -eu
cat >s3.cfg <<END
[default]
access_key = $AWS_ACCESS_KEY_ID
secret_key = $AWS_SECRET_ACCESS_KEY
host_base = $HOST:$PORT
host_bucket = $HOST:$PORT/%(bucket)
bucket_location = $REGION
use_https = False
check_md5 = False
END
s3() { s3cmd --config=s3.cfg --no-progress "$@"; }
s3 put small.bin "s3://$BUCKET/small.bin"
s3 put --server-side-encryption --server-side-encryption-kms-id="$OTHER_KEY" --multipart-chunk-size-mb=5 large.bin "s3://$BUCKET/large.bin"
s3 cp --server-side-encryption --server-side-encryption-kms-id="$OTHER_KEY" "s3://$BUCKET/small.bin" "s3://$BUCKET/copy.bin"
s3 mv "s3://$BUCKET/copy.bin" "s3://$BUCKET/gone.bin"
s3 get "s3://$BUCKET/small.bin" small.back
s3 get "s3://$BUCKET/large.bin" large.back
test "$(s3 ls "s3://$BUCKET/" | wc -l)" = 3
s3 rm "s3://$BUCKET/gone.bin"
