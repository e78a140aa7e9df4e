#!/bin/sh
# versitygw 1.8.0: ListObjectVersions gives a version twice where a page ends with the current version of a
# key, and never gets on with pages of one.
#
# Expected: the next page begins behind the version that NextKeyMarker and NextVersionIdMarker name, whatever
# the size of a page; each version is listed once (ListObjectVersions in the Amazon S3 API Reference).
# Observed: 3 keys of 5 versions each are 15 entries in pages of 4, 7 or 1000, and 17 in pages of 2; with
# pages of 1 the same two markers come back for ever, and boto3 stops with PaginationError.
# What it means: it depends on where pages end, so on a bucket of more than 1000 versions it happens by
# chance. What counts, bills, copies or deletes by listing versions (inventories, backup and purge jobs)
# handles some versions twice.
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
import sys

import boto3
from botocore.exceptions import PaginationError

s3 = boto3.client(
    "s3",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="access",
    aws_secret_access_key="secretsecret",
)
s3.create_bucket(Bucket="bucket")
s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
for _ in range(5):
    for key in "abc":
        s3.put_object(Bucket="bucket", Key=key, Body=b"x")
for size in (1000, 7, 4, 2, 1):
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket="bucket", PaginationConfig={"PageSize": size}
    )
    seen = []
    end = ""
    try:
        for page in pages:
            seen.extend(version["VersionId"] for version in page.get("Versions", []))
    except PaginationError:
        end = ", PaginationError"
    print("pages of %d: %d entries, %d versions%s" % (size, len(seen), len(set(seen)), end))
PYTHON

mkdir "$folder/data" "$folder/versions"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ROOT_ACCESS_KEY=access ROOT_SECRET_KEY=secretsecret \
  "$folder/bin/versitygw" --port "127.0.0.1:$port" posix --versioning-dir "$folder/versions" "$folder/data" \
  > "$folder/log" 2>&1 &
gateway=$!
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2> /dev/null; do
  kill -0 "$gateway"
  sleep 0.2
done
"$folder/venv/bin/python" "$folder/ask.py" "http://127.0.0.1:$port" > "$folder/observed"
cat > "$folder/expected" <<'TEXT'
pages of 1000: 15 entries, 15 versions
pages of 7: 15 entries, 15 versions
pages of 4: 15 entries, 15 versions
pages of 2: 17 entries, 15 versions
pages of 1: 2 entries, 1 versions, PaginationError
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
