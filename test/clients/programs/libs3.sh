set -eu
export S3_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY S3_HOSTNAME=$HOST:$PORT
# Its exit code is 0 whatever the answer.
s3 -u put "$BUCKET/small.bin" filename=small.bin 2>&1 | tee out
! grep -q ERROR out
