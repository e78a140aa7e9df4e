#!/bin/sh
# botocore (boto3, the AWS command line) up to 1.43: what a proxy refuses is reported as a proxy that cannot be reached, and
# asked for four times more.
#
# Expected: a proxy that answers CONNECT with 407 or 403 has been reached and has decided. The error names the status, as that of
# Python's urllib does ("Tunnel connection failed: 407 …"), and the same request is not repeated.
# Observed with boto3 and botocore 1.43.11 (1.43.127 does the same): `ProxyConnectionError: Failed to connect to proxy URL: "http://***:***@…"` for both, without status or
# reason, after five CONNECT requests with the same password. Over plain HTTP the status is named, after one request.
# What it means: a wrong password, an expired identity and a host that is not allowed all look like a network fault, and people look
# for a firewall. A proxy that locks an account after five failures locks it at the first command. Ask with `curl -v -x "$HTTPS_PROXY"
# https://…`, which prints the proxy's answer, or read the proxy's log.
#
# Needs python3 with venv, and the network for packages of PyPI. Fails if what is observed changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/ask.py" <<'PYTHON'
import os
import socketserver
import threading
import urllib.request

import boto3


class Proxy(socketserver.StreamRequestHandler):
    """Refuses every request with one status, and counts them."""

    status = ""
    requests = 0

    def handle(self):
        while self.rfile.readline().strip():
            pass
        Proxy.requests += 1
        head = "HTTP/1.1 %s\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
        self.wfile.write((head % Proxy.status).encode())


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=server.serve_forever, daemon=True).start()
port = str(server.server_address[1])
for name in ("HTTPS_PROXY", "HTTP_PROXY"):
    os.environ[name] = "http://name:wrong@127.0.0.1:" + port
os.environ.update(AWS_ACCESS_KEY_ID="AK", AWS_SECRET_ACCESS_KEY="SK", AWS_DEFAULT_REGION="us-east-1")


def told(name, ask):
    Proxy.requests = 0
    try:
        ask()
    except Exception as error:
        text = str(error).replace(port, "PORT")
        print("%s, %s: %s (requests: %d)" % (Proxy.status[:3], name, text, Proxy.requests))


for status in ("407 Proxy Authentication Required", "403 Forbidden"):
    Proxy.status = status
    told("boto3", lambda: boto3.client("s3").list_buckets())
    told("urllib", lambda: urllib.request.urlopen("https://s3.us-east-1.amazonaws.com"))
Proxy.status = "407 Proxy Authentication Required"
told("boto3, http", lambda: boto3.client("s3", endpoint_url="http://s3.us-east-1.amazonaws.com").list_buckets())
PYTHON

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check boto3==1.43.11 botocore==1.43.11
env -u NO_PROXY -u no_proxy -u AWS_PROFILE -u AWS_MAX_ATTEMPTS -u AWS_RETRY_MODE HOME="$folder" \
  "$folder/venv/bin/python" "$folder/ask.py" > "$folder/observed"

cat > "$folder/expected" <<'TEXT'
407, boto3: Failed to connect to proxy URL: "http://***:***@127.0.0.1:PORT" (requests: 5)
407, urllib: <urlopen error Tunnel connection failed: 407 Proxy Authentication Required> (requests: 1)
403, boto3: Failed to connect to proxy URL: "http://***:***@127.0.0.1:PORT" (requests: 5)
403, urllib: <urlopen error Tunnel connection failed: 403 Forbidden> (requests: 1)
407, boto3, http: An error occurred (407) when calling the ListBuckets operation: Proxy Authentication Required (requests: 1)
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
