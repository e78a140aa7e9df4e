from os import environ as env
from django.conf import settings

kms = {'ServerSideEncryption': 'aws:kms', 'SSEKMSKeyId': env['OTHER_KEY']}
options = {'endpoint_url': env['ENDPOINT'], 'bucket_name': env['BUCKET'], 'addressing_style': 'path', 'region_name': env['REGION'], 'object_parameters': kms}
settings.configure(STORAGES={'default': {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': options}})
from django.core.files import File
from django.core.files.storage import default_storage as storage

for name, source in (('small', 'small'), ('large', 'large'), ('gone', 'small')):
    with open(f'{source}.bin', 'rb') as file:
        storage.save(f'{name}.bin', File(file))
for name in ('small', 'large'):
    with storage.open(f'{name}.bin') as source, open(f'{name}.back', 'wb') as target:
        target.write(source.read())
assert sorted(storage.listdir('')[1]) == ['gone.bin', 'large.bin', 'small.bin']
assert storage.size('large.bin') == 11 << 20
storage.delete('gone.bin')
assert not storage.exists('gone.bin')
