#!/bin/sh
# Adobe S3Mock 5.2.0: an upload in parts forgets the SSE-KMS that its creation confirmed, and the KMS key that
# it was configured with by ARN is refused by ARN.
#
# Expected: as CreateMultipartUpload told, the completed object is `aws:kms` under the key, which
# CompleteMultipartUpload and HeadObject tell again; `x-amz-server-side-encryption-aws-kms-key-id` takes a
# key's ARN (PutObject and CreateMultipartUpload in the Amazon S3 API Reference).
# Observed: CreateMultipartUpload answers `aws:kms` and the key; HeadObject of the object names no encryption.
# PutObject with the ARN of `valid-kms-keys` is KMS.NotFoundException, with the bare key id it is accepted.
# What it means: SDKs and transfer managers turn to parts from 8 MiB or so on. A test that checks the encryption
# of its objects passes with small files and fails with large ones, although the code is right; infrastructure
# that gives applications the ARN, as Terraform's aws_kms_key does, cannot be tested as it is.
#
# Needs python3 with venv, mvn and java 17 or newer, and the network for packages of PyPI and Maven. Fails if
# what is observed changes.
set -eu

folder=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill "$server" 2> /dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'boto3==1.44.8'
# S3Mock's own dependencies lead Maven to an older slf4j-api than it starts with.
cat > "$folder/pom.xml" <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>s3mock</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.adobe.testing</groupId><artifactId>s3mock</artifactId><version>5.2.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>2.0.18</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B -f "$folder/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/lib" -DincludeScope=runtime

cat > "$folder/ask.py" <<'PYTHON'
import sys

import boto3
from botocore.exceptions import ClientError

ARN, ID = sys.argv[2], sys.argv[2].split("/")[1]
s3 = boto3.client(
    "s3",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="access",
    aws_secret_access_key="secret",
)


def head(key):
    return s3.head_object(Bucket="bucket", Key=key).get("ServerSideEncryption")


def put(name, key_id):
    try:
        s3.put_object(
            Bucket="bucket", Key="whole", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key_id
        )
    except ClientError as error:
        print("PutObject with the %s: %s" % (name, error.response["Error"]["Code"]))
    else:
        print("PutObject with the %s: accepted, HeadObject says %s" % (name, head("whole")))


s3.create_bucket(Bucket="bucket")
put("ARN", ARN)
put("id", ID)
upload = {"Bucket": "bucket", "Key": "parts"}
created = s3.create_multipart_upload(ServerSideEncryption="aws:kms", SSEKMSKeyId=ID, **upload)
print("CreateMultipartUpload says %s" % created.get("ServerSideEncryption"))
upload["UploadId"] = created["UploadId"]
part = s3.upload_part(PartNumber=1, Body=b"x", **upload)
s3.complete_multipart_upload(
    MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}, **upload
)
print("HeadObject of the upload in parts says %s" % head("parts"))
PYTHON

arn=arn:aws:kms:us-east-1:123456789012:key/11111111-1111-4111-8111-111111111111
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
java -cp "$folder/lib/*" com.adobe.testing.s3mock.S3MockApplication \
  --server.address=127.0.0.1 --server.port=0 --com.adobe.testing.s3mock.http-port="$port" \
  --com.adobe.testing.s3mock.store.valid-kms-keys="$arn" > "$folder/log" 2>&1 &
server=$!
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2> /dev/null; do
  kill -0 "$server"
  sleep 1
done
"$folder/venv/bin/python" "$folder/ask.py" "http://127.0.0.1:$port" "$arn" > "$folder/observed"
cat > "$folder/expected" <<'TEXT'
PutObject with the ARN: KMS.NotFoundException
PutObject with the id: accepted, HeadObject says aws:kms
CreateMultipartUpload says aws:kms
HeadObject of the upload in parts says None
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
