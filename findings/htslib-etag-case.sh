#!/bin/sh
# htslib (samtools) up to 1.21: an S3 upload is given up, without a word and with exit status 0, where the
# answer to a part spells its ETag field in lower case.
#
# Expected: field names have no case (RFC 9110 section 5.1), so `etag: "…"` is as good as `ETag: "…"`; or,
# if the upload fails, samtools says so and exits with another status than 0.
# Observed with pysam 0.23.3 (samtools and htslib 1.21): the part is answered 200, then the upload is
# aborted; `samtools view -o s3+http://…` exits 0 and no object is there. With 0.24.1 (1.24) it is stored.
# What it means: samtools 1.16 to 1.21 is what Debian 12 and 13 and Ubuntu 24.04 have. Behind a proxy that
# writes field names in lower case (Envoy does by default), or at an S3 server that does, results are lost
# and pipelines go on. Renew htslib, or have the proxy keep the spelling.
#
# Needs python3 with venv, and the network for two packages of PyPI. Fails if what is observed changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/upload.py" <<'PYTHON'
import http.server
import os
import subprocess
import sys
import threading

import pysam

SAM = "@SQ\tSN:c\tLN:100\nr\t0\tc\t1\t9\t4M\t*\t0\t0\tACGT\t*\n"
CREATED = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
COMPLETED = b"<CompleteMultipartUploadResult><Key>a.bam</Key></CompleteMultipartUploadResult>"


class S3(http.server.BaseHTTPRequestHandler):
    """As much of S3 as a multipart upload needs."""

    protocol_version = "HTTP/1.1"
    spelling = "ETag"
    steps = []

    def log_message(self, *_):
        pass

    def answer(self, step, status, body=b"", fields=()):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.steps.append(step)
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        if "uploadId=" in self.path:
            self.answer("complete", 200, COMPLETED)
        else:
            self.answer("create", 200, CREATED)

    def do_PUT(self):
        self.answer("part", 200, fields=[(self.spelling, '"%s"' % ("0" * 32))])

    def do_DELETE(self):
        self.answer("abort", 204)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), S3)
threading.Thread(target=server.serve_forever, daemon=True).start()
environment = dict(
    os.environ,
    AWS_ACCESS_KEY_ID="AK",
    AWS_SECRET_ACCESS_KEY="SK",
    HTS_S3_HOST="127.0.0.1:%d" % server.server_address[1],
    HTS_S3_ADDRESS_STYLE="path",
)
source = os.path.join(sys.argv[1], "in.sam")
with open(source, "w") as file:
    file.write(SAM)
# pysam raises where samtools would exit with another status than 0.
VIEW = "import pysam, sys; pysam.samtools.view('-b', '-o', 's3+http://bucket/a.bam', sys.argv[1], catch_stdout=False)"
for spelling in ("ETag", "etag"):
    S3.spelling = spelling
    S3.steps.clear()
    run = subprocess.run([sys.executable, "-c", VIEW, source], env=environment, capture_output=True)
    outcome = "exit %d" % run.returncode
    print("%s %s: %s, %s" % (pysam.__samtools_version__, spelling, " ".join(S3.steps), outcome))
PYTHON

python3 -m venv "$folder/venv"
for version in 0.23.3 0.24.1; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pysam==$version"
  "$folder/venv/bin/python" "$folder/upload.py" "$folder" >> "$folder/observed"
done

cat > "$folder/expected" <<'TEXT'
1.21 ETag: create part complete, exit 0
1.21 etag: create part abort, exit 0
1.24 ETag: create part complete, exit 0
1.24 etag: create part complete, exit 0
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
