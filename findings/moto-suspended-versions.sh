#!/bin/sh
# moto 5.2.5: the first upload to a bucket whose versioning was suspended destroys every older version of
# its key.
#
# Expected: suspending leaves what is there alone; an upload replaces the version `null` only, and versions
# that were written before are read by their ids (Amazon S3 User Guide, "Adding objects to
# versioning-suspended buckets").
# Observed: after the upload ListObjectVersions has the new object alone, and GetObject of both older ids is
# NoSuchVersion.
# What it means: retention, lifecycle, undo and legal-hold code that is tested with moto meets a history that S3
# would have kept. A test of "suspend, write, restore" fails although the code is right, and one that
# asserts "old versions are gone" passes although S3 keeps them, and bills for them.
#
# Needs python3 with venv, and the network for packages of PyPI. Fails if what is observed changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[s3]==5.2.5' 'boto3==1.44.8'

cat > "$folder/ask.py" <<'PYTHON'
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws


def versions():
    listed = s3.list_object_versions(Bucket="bucket")
    return sorted(version["Size"] for version in listed.get("Versions", []))


def read(version):
    try:
        return s3.get_object(Bucket="bucket", Key="key", VersionId=version)["Body"].read().decode()
    except ClientError as error:
        return error.response["Error"]["Code"]


def versioning(status):
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": status})


with mock_aws():
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    s3.create_bucket(Bucket="bucket")
    versioning("Enabled")
    first = s3.put_object(Bucket="bucket", Key="key", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket="bucket", Key="key", Body=b"22")["VersionId"]
    versioning("Suspended")
    print("suspended: sizes %s, first %s, second %s" % (versions(), read(first), read(second)))
    s3.put_object(Bucket="bucket", Key="key", Body=b"333")
    print("written again: sizes %s, first %s, second %s" % (versions(), read(first), read(second)))
PYTHON

"$folder/venv/bin/python" "$folder/ask.py" > "$folder/observed"
cat > "$folder/expected" <<'TEXT'
suspended: sizes [1, 2], first 1, second 22
written again: sizes [3], first NoSuchVersion, second NoSuchVersion
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
