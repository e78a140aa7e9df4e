#!/bin/sh
# Ceph RGW 16.2.15: an object that is uploaded in parts, by a form or as a copy gets neither the retention
# nor, but for the form, the tags that its request asks for; the answer is a success.
#
# Expected: x-amz-object-lock-mode, x-amz-object-lock-retain-until-date and x-amz-tagging hold for
# CreateMultipartUpload and CopyObject as for PutObject, and as fields of a form (Amazon S3 API Reference).
# Observed: the object of put_object is kept in mode GOVERNANCE and has its tag. The others were taken with
# 200 and 204, have no retention, and can be deleted at once with their version.
# What it means: SDKs and backup programs upload in parts by themselves from some megabytes on (upload_file, the
# "immutable backups" of many programs), so it is the large objects that are not protected although every
# request asked for it and none failed. Give the bucket a default retention, which RGW applies to all of them,
# or ask with get_object_retention.
#
# Needs Debian 12 as root with radosgw, ceph-mon and ceph-osd, python3 with venv, and the network for packages of
# PyPI. Fails if what is observed changes.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
RGW_DIR=$folder/ceph
RGW_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
RGW_MON_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
RGW_GIB=4
export RGW_DIR RGW_PORT RGW_MON_PORT RGW_GIB
stop() {
  "$here/test/rgw/down.sh" > "$folder/down.log" 2>&1 || true
  rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'boto3==1.44.8'

cat > "$folder/ask.py" <<'PYTHON'
import base64
import datetime
import hashlib
import sys
import urllib.request

import boto3
from botocore.exceptions import ClientError

ACCESS = "0555b35654ad1656d804"
SECRET = "h7GhxuBLTrlhVUyxSPUKUV8r/2EI4ngqJxD7iBdBYLhwluN30JaT3Q=="
config = boto3.session.Config(
    request_checksum_calculation="when_required", response_checksum_validation="when_required"
)
s3 = boto3.client(
    "s3",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id=ACCESS,
    aws_secret_access_key=SECRET,
    config=config,
)
UNTIL = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
MD5 = base64.b64encode(hashlib.md5(b"data").digest()).decode()


def wish(bucket):
    asked = {"Bucket": bucket, "Tagging": "team=blue"}
    if bucket == "locked":
        asked.update(ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=UNTIL)
    return asked


def put(bucket):
    s3.put_object(Key="put", Body=b"data", ContentMD5=MD5, **wish(bucket))


def parts(bucket):
    upload = s3.create_multipart_upload(Key="parts", **wish(bucket))["UploadId"]
    part = s3.upload_part(
        Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"data", ContentMD5=MD5
    )
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )


def copy(bucket):
    s3.copy_object(
        Key="copy",
        CopySource={"Bucket": "source", "Key": "key"},
        TaggingDirective="REPLACE",
        **wish(bucket),
    )


def form(bucket):
    tagging = "<Tagging><TagSet><Tag><Key>team</Key><Value>blue</Value></Tag></TagSet></Tagging>"
    fields = {"tagging": tagging}
    if bucket == "locked":
        fields["x-amz-object-lock-mode"] = "GOVERNANCE"
        fields["x-amz-object-lock-retain-until-date"] = UNTIL.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    signed = s3.generate_presigned_post(
        bucket, "form", fields, [{name: value} for name, value in fields.items()]
    )
    text = ""
    for name, value in signed["fields"].items():
        text += '--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, value)
    text += '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\ndata\r\n--b--\r\n'
    request = urllib.request.Request(
        signed["url"], text.encode(), {"content-type": "multipart/form-data; boundary=b"}
    )
    urllib.request.urlopen(request)


def code(call):
    try:
        return call()
    except ClientError as error:
        return error.response["Error"]["Code"]


s3.create_bucket(Bucket="source")
s3.put_object(Bucket="source", Key="key", Body=b"data")
s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
for write in (put, parts, copy, form):
    key = write.__name__
    write("locked")
    head = s3.head_object(Bucket="locked", Key=key)
    tags = s3.get_object_tagging(Bucket="locked", Key=key).get("TagSet", [])
    deleted = code(
        lambda: s3.delete_object(Bucket="locked", Key=key, VersionId=head["VersionId"]) and "deleted"
    )
    print(
        "%s: retention %s, %d tags, delete of the version: %s"
        % (key, head.get("ObjectLockMode"), len(tags), deleted)
    )
s3.create_bucket(Bucket="default", ObjectLockEnabledForBucket=True)
retention = {"Mode": "GOVERNANCE", "Days": 1}
s3.put_object_lock_configuration(
    Bucket="default",
    ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}},
)
for write in (put, parts, copy, form):
    write("default")
    head = s3.head_object(Bucket="default", Key=write.__name__)
    print("%s, default of the bucket: %s" % (write.__name__, head.get("ObjectLockMode")))
PYTHON

"$here/test/rgw/up.sh" > "$folder/up.log"
"$folder/venv/bin/python" "$folder/ask.py" "http://127.0.0.1:$RGW_PORT" > "$folder/observed"
cat > "$folder/expected" <<'TEXT'
put: retention GOVERNANCE, 1 tags, delete of the version: AccessDenied
parts: retention None, 0 tags, delete of the version: deleted
copy: retention None, 0 tags, delete of the version: deleted
form: retention None, 1 tags, delete of the version: deleted
put, default of the bucket: GOVERNANCE
parts, default of the bucket: GOVERNANCE
copy, default of the bucket: GOVERNANCE
form, default of the bucket: GOVERNANCE
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
