"""The features of boto3, one a run: boto3-client.py FEATURE, its data as JSON on standard input."""

import hashlib
import io
import json
import random
import sys
import urllib.request
import uuid

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

SCENE = json.load(sys.stdin)
BUCKET = SCENE["bucket"]
S3 = boto3.client(
    "s3",
    endpoint_url=SCENE["endpoint"],
    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
)
HELD = {}


def octets(seed, count):
    return random.Random(seed).randbytes(count)


def put(key, count, **more):
    data = octets(key, count)
    S3.put_object(Bucket=BUCKET, Key=key, Body=data, **more)
    HELD[key] = data
    return data


def upload():
    data = put("small.bin", 4000, Metadata={"colour": "green"}, ContentType="text/x-test")
    put("none.bin", 0)
    answer = S3.get_object(Bucket=BUCKET, Key="small.bin")
    assert answer["Body"].read() == data
    assert answer["Metadata"] == {"colour": "green"}, answer


def multipart():
    data = octets("large", 11 * 1024 * 1024 + 3)
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    S3.upload_fileobj(io.BytesIO(data), BUCKET, "large.bin", Config=config)
    HELD["large.bin"] = data
    back = io.BytesIO()
    S3.download_fileobj(BUCKET, "large.bin", back, Config=config)
    assert back.getvalue() == data


def stream():
    class Unseekable(io.RawIOBase):
        def __init__(self, data):
            self.source = io.BytesIO(data)

        def readable(self):
            return True

        def read(self, size=-1):
            return self.source.read(size)

    data = octets("stream", 300000)
    S3.upload_fileobj(Unseekable(data), BUCKET, "stream.bin")
    HELD["stream.bin"] = data


def copy():
    data = open(SCENE["copySource"], "rb").read()
    S3.copy_object(Bucket=BUCKET, Key="copied.bin", CopySource={"Bucket": BUCKET, "Key": "copy-source.bin"})
    HELD["copied.bin"] = data


def part_copy():
    data = put("part-source ü.bin", 6 << 20)
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    source = {"Bucket": BUCKET, "Key": "part-source ü.bin"}
    S3.copy(source, BUCKET, "part-copied.bin", Config=config)
    HELD["part-copied.bin"] = data


def list_():
    for i in range(5):
        put(f"list/{i}", i)
    pages = S3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 2}
    )
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    assert keys == [f"list/{i}" for i in range(5)], keys


def range_():
    data = put("range.bin", 5000)
    answer = S3.get_object(Bucket=BUCKET, Key="range.bin", Range="bytes=100-299")
    assert answer["Body"].read() == data[100:300]


def delete():
    put("delete/one", 1)
    put("delete/two", 2)
    put("delete/three", 3)
    S3.delete_object(Bucket=BUCKET, Key="delete/one")
    rest = {"Objects": [{"Key": "delete/two"}, {"Key": "delete/three"}]}
    assert len(S3.delete_objects(Bucket=BUCKET, Delete=rest)["Deleted"]) == 2
    for key in ("delete/one", "delete/two", "delete/three"):
        del HELD[key]


def presign():
    data = octets("presign", 500)
    params = {"Bucket": BUCKET, "Key": "presign ü.bin"}
    url = S3.generate_presigned_url("put_object", Params=params)
    request = urllib.request.Request(url, data=data, method="PUT")
    assert urllib.request.urlopen(request).status == 200
    HELD["presign ü.bin"] = data
    read = urllib.request.urlopen(S3.generate_presigned_url("get_object", Params=params))
    assert read.read() == data


def form():
    post = S3.generate_presigned_post(BUCKET, "form.bin", Conditions=[["content-length-range", 1, 1000]])
    data = octets("form", 500)
    boundary = uuid.uuid4().hex
    body = b""
    for name, value in post["fields"].items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    body += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'.encode()
    body += b"Content-Type: application/octet-stream\r\n\r\n"
    body += data + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(post["url"], data=body, headers=headers)
    assert urllib.request.urlopen(request).status == 204
    HELD["form.bin"] = data


def other_encryption():
    put("sse/aes256", 100, ServerSideEncryption="AES256")
    put("sse/key", 100, ServerSideEncryption="aws:kms", SSEKMSKeyId=SCENE["otherKey"])
    extra = {"ServerSideEncryption": "AES256"}
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    data = octets("sse", 6 << 20)
    S3.upload_fileobj(io.BytesIO(data), BUCKET, "sse/large", ExtraArgs=extra, Config=config)
    HELD["sse/large"] = data


def tls():
    data = put("tls.bin", 4000)
    assert S3.get_object(Bucket=BUCKET, Key="tls.bin")["Body"].read() == data


globals()[sys.argv[1]]()
print(json.dumps({key: hashlib.sha256(data).hexdigest() for key, data in HELD.items()}))
