from os import environ as env
from minio import Minio
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject

keys = {'access_key': env['AWS_ACCESS_KEY_ID'], 'secret_key': env['AWS_SECRET_ACCESS_KEY']}
s3 = Minio(f"{env['HOST']}:{env['PORT']}", **keys, secure=False, region=env['REGION'])
bucket = env['BUCKET']
s3.fput_object(bucket, 'small.bin', 'small.bin')
s3.fput_object(bucket, 'large.bin', 'large.bin', part_size=5 << 20)
s3.copy_object(bucket, 'gone.bin', CopySource(bucket, 'small.bin'))
for name in ('small', 'large'):
    s3.fget_object(bucket, f'{name}.bin', f'{name}.back')
assert [one.object_name for one in s3.list_objects(bucket)] == ['gone.bin', 'large.bin', 'small.bin']
assert not list(s3.remove_objects(bucket, [DeleteObject('gone.bin')]))
