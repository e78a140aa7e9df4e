set -eu
export PASSPHRASE=x
mkdir -p data
cp small.bin large.bin data/
dup() { duplicity "$@" --no-encryption --s3-endpoint-url "$ENDPOINT" --s3-region-name "$REGION"; }
dup full data "boto3+s3://$BUCKET/d"
dup restore "boto3+s3://$BUCKET/d" restored
cmp data/large.bin restored/large.bin
