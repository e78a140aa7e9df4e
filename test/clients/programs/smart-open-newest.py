from os import environ as env
from shutil import copyfileobj
from smart_open import open as s3open

env['AWS_ENDPOINT_URL_S3'] = env['ENDPOINT']
for name in ('small', 'large'):
    url = f"s3://{env['BUCKET']}/{name}.bin"
    with open(f'{name}.bin', 'rb') as source, s3open(url, 'wb', transport_params={'min_part_size': 5 << 20}) as target:
        copyfileobj(source, target, 1 << 20)
    with s3open(url, 'rb') as source, open(f'{name}.back', 'wb') as target:
        copyfileobj(source, target, 1 << 20)
