#!/bin/sh
# versitygw 1.8.0: a form (POST Object) whose file has no `filename` is stored at one time, and refused with
# 400 at the next, although not a byte of it changed.
#
# Expected: 204 each time; the name of the file is used for `${filename}` in other fields alone (POST Object in the
# Amazon S3 API Reference), and `filename` is optional (RFC 7578, section 4.2).
# Observed: of 300 identical forms some are stored, others are 400. With `filename="x"` all are stored.
# The HTTP library (fasthttp 1.73.0, by fiber 3.5.0) parses the form before the handler is called; the handler
# asks for the body, and the library writes the form anew in the order of a Go map, which is random. Parts
# with a file name come last, the others anywhere; the gateway ignores the fields behind the file.
# What it means: uploads of programs that post a file without a name (curl -F 'file=<-', FormData with a text,
# gateways that write forms anew) fail at random, and each repetition has another chance. Any handler of fiber
# or fasthttp that reads the body of a form itself gets other bytes than were sent, unless
# DisablePreParseMultipartForm is set.
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
import urllib.error
import urllib.request

import boto3

s3 = boto3.client(
    "s3",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="access",
    aws_secret_access_key="secretsecret",
    config=boto3.session.Config(signature_version="s3v4"),
)
s3.create_bucket(Bucket="bucket")
signed = s3.generate_presigned_post("bucket", "key")


def post(name):
    text = ""
    for field, value in signed["fields"].items():
        text += '--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (field, value)
    text += '--b\r\nContent-Disposition: form-data; name="file"%s\r\n\r\ndata\r\n--b--\r\n' % name
    request = urllib.request.Request(
        signed["url"], text.encode(), {"content-type": "multipart/form-data; boundary=b"}
    )
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code


for name in ('; filename="x"', ""):
    answers = {post(name) for _ in range(300)}
    print("name=\"file\"%s: %s" % (name, sorted(answers)))
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
name="file"; filename="x": [204]
name="file": [204, 400]
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
