set -eu
export S3_ACCESS_KEY=$AWS_ACCESS_KEY_ID S3_SECRET_KEY=$AWS_SECRET_ACCESS_KEY
s4() { s4cmd --num-threads=2 --endpoint-url "$ENDPOINT" "$@"; }
s4 put small.bin "s3://$BUCKET/small.bin"
s4 put small.bin "s3://$BUCKET/gone.bin" --API-ServerSideEncryption=AES256
s4 put --multipart-split-size=5242880 --max-singlepart-upload-size=5242880 large.bin "s3://$BUCKET/large.bin"
s4 get "s3://$BUCKET/small.bin" small.back
s4 get "s3://$BUCKET/large.bin" large.back
s4 ls "s3://$BUCKET/"
s4 del "s3://$BUCKET/gone.bin"
