from os import environ as env
from libcloud.storage.drivers.s3 import S3StorageDriver
from libcloud.storage.types import Provider

driver = S3StorageDriver(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], secure=False,
                         host=env['HOST'], port=int(env['PORT']), region=env['REGION'])
container = driver.get_container(env['BUCKET'])
for name in ('small', 'gone'):
    driver.upload_object('small.bin', container, f'{name}.bin', verify_hash=True)
with open('large.bin', 'rb') as file:
    driver.upload_object_via_stream(file, container, 'large.bin')
for name in ('small', 'large'):
    driver.get_object(env['BUCKET'], f'{name}.bin').download(f'{name}.back')
assert len(driver.list_container_objects(container)) == 3
driver.delete_object(driver.get_object(env['BUCKET'], 'gone.bin'))
