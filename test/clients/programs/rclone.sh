set -eu
export RCLONE_CONFIG_S3_TYPE=s3 RCLONE_CONFIG_S3_PROVIDER=Other RCLONE_CONFIG_S3_ENV_AUTH=true
export RCLONE_CONFIG_S3_REGION=$REGION RCLONE_CONFIG_S3_ENDPOINT=$ENDPOINT RCLONE_CONFIG_S3_NO_CHECK_BUCKET=true
# Under SSE-KMS the ETag is no MD5; rclone takes this as the sign of it.
export RCLONE_CONFIG_S3_SERVER_SIDE_ENCRYPTION=aws:kms RCLONE_CONFIG_S3_SSE_KMS_KEY_ID=$OTHER_KEY
s3() { rclone --config= "$@"; }
s3 copyto small.bin "s3:$BUCKET/small.bin"
s3 copyto --s3-upload-cutoff=5M --s3-chunk-size=5M large.bin "s3:$BUCKET/large.bin"
s3 copyto "s3:$BUCKET/small.bin" "s3:$BUCKET/copy.bin"
s3 moveto "s3:$BUCKET/copy.bin" "s3:$BUCKET/gone.bin"
s3 copyto "s3:$BUCKET/small.bin" small.back
s3 copyto "s3:$BUCKET/large.bin" large.back
test "$(s3 lsf "s3:$BUCKET" | wc -l)" = 3
s3 deletefile "s3:$BUCKET/gone.bin"
