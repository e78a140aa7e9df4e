#!/bin/sh
# versitygw 1.8.0, a gateway for production, and moto 5.2.5: UpdateObjectEncryption (boto3's
# update_object_encryption) overwrites the object with the XML document of the request and answers 200.
#
# Expected: the object keeps its content and gets another KMS key; or 501 NotImplemented, as servers answer
# that do not have the operation.
# Observed: `PUT /bucket/key?encryption` is taken for PutObject. The content is then `<ObjectEncryption …>`;
# what moto told of encryption is gone. Ceph RGW 16.2, Adobe S3Mock 5.2.0 and gofakes3 1.2.0 do the same.
# What it means: a job that gives old objects a new key, pointed at such a server, destroys each object that it
# visits and reports success; where versions are not kept the data is lost. A call is no way to ask a server
# whether it has the operation: ask with an object of your own, and read it afterwards.
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
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[s3,server]==5.2.5' 'boto3==1.44.8'
GOBIN="$folder/bin" go install -p 1 github.com/versity/versitygw/cmd/versitygw@v1.8.0

cat > "$folder/ask.py" <<'PYTHON'
import sys

import boto3

KEY = "arn:aws:kms:us-east-1:123456789012:key/%s"
config = boto3.session.Config(retries={"max_attempts": 10, "mode": "standard"})
s3 = boto3.client(
    "s3",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="access",
    aws_secret_access_key="secretsecret",
    config=config,
)


def look(when):
    got = s3.get_object(Bucket="bucket", Key="key")
    content = got["Body"].read().decode()
    print("%s: %s, %s" % (when, content[:17], got.get("ServerSideEncryption")))


s3.create_bucket(Bucket="bucket")
s3.put_object(
    Bucket="bucket", Key="key", Body=b"data", ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY % "old"
)
look("before")
answer = s3.update_object_encryption(
    Bucket="bucket", Key="key", ObjectEncryption={"SSEKMS": {"KMSKeyArn": KEY % "new"}}
)
print("update: %d" % answer["ResponseMetadata"]["HTTPStatusCode"])
look("after")
PYTHON
cat > "$folder/with_moto.py" <<'PYTHON'
import runpy
import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
sys.argv = [sys.argv[1], "http://%s:%d" % server.get_host_and_port()]
runpy.run_path(sys.argv[0])
server.stop()
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
{
  echo versitygw
  "$folder/venv/bin/python" "$folder/ask.py" "http://127.0.0.1:$port"
  echo moto
  "$folder/venv/bin/python" "$folder/with_moto.py" "$folder/ask.py"
} > "$folder/observed"
cat > "$folder/expected" <<'TEXT'
versitygw
before: data, None
update: 200
after: <ObjectEncryption, None
moto
before: data, aws:kms
update: 200
after: <ObjectEncryption, None
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
