from os import environ as env
from libcloud.storage.drivers.s3 import S3StorageDriver

driver = S3StorageDriver(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], secure=False, host=env['HOST'],
                         port=int(env['PORT']), region=env['REGION'])
bucket = driver.get_container(env['BUCKET'])
bucket.upload_object('small.bin', 'small.bin')
with open('large.bin', 'rb') as source:
    driver.upload_object_via_stream(iter(lambda: source.read(6 << 20), b''), bucket, 'large.bin')
bucket.upload_object('small.bin', 'gone.bin')
assert sorted(one.name for one in bucket.list_objects()) == ['gone.bin', 'large.bin', 'small.bin']
for name in ('small', 'large'):
    bucket.get_object(f'{name}.bin').download(f'{name}.back')
bucket.get_object('gone.bin').delete()
