#!/bin/sh
# versitygw 1.8.0: an upload that asks for a retention in a bucket without Object Lock is refused with 400,
# and is stored all the same, over what was there.
#
# Expected: InvalidRequest, "Bucket is missing Object Lock Configuration", and the key as it was before (PutObject
# in the Amazon S3 API Reference).
# Observed: put_object raises InvalidRequest; get_object then gives the new content, without a retention.
# What it means: a program that takes the error for "nothing was written", as it may with S3, is wrong: the old
# object is gone where versions are not kept, and the new one is there without the protection that was asked for.
#
# Needs python3 with venv, go 1.26, and the network for packages of PyPI and Go modules. Fails if what is
# observed changes.
set -eu

folder=$(mktemp -d)
gateway=
stop() {
  [ -z "$gateway" ] || kill "$gateway" 2> /dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'boto3==1.44.8'
GOBIN="$folder/bin" go install -p 1 github.com/versity/versitygw/cmd/versitygw@v1.8.0

cat > "$folder/ask.py" <<'PYTHON'
import datetime
import sys

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client(
    "s3",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="access",
    aws_secret_access_key="secretsecret",
)
s3.create_bucket(Bucket="bucket")
s3.put_object(Bucket="bucket", Key="key", Body=b"old")
until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
try:
    s3.put_object(
        Bucket="bucket",
        Key="key",
        Body=b"new",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
    )
except ClientError as error:
    print("put_object: %s" % error.response["Error"]["Code"])
got = s3.get_object(Bucket="bucket", Key="key")
print("content: %s, retention: %s" % (got["Body"].read().decode(), got.get("ObjectLockMode")))
PYTHON

mkdir "$folder/data"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ROOT_ACCESS_KEY=access ROOT_SECRET_KEY=secretsecret \
  "$folder/bin/versitygw" --port "127.0.0.1:$port" posix "$folder/data" > "$folder/log" 2>&1 &
gateway=$!
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2> /dev/null; do
  kill -0 "$gateway"
  sleep 0.2
done
"$folder/venv/bin/python" "$folder/ask.py" "http://127.0.0.1:$port" > "$folder/observed"
cat > "$folder/expected" <<'TEXT'
put_object: InvalidRequest
content: new, retention: None
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
