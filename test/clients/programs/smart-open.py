from os import environ as env
from shutil import copyfileobj
import boto3
from botocore.config import Config
from smart_open import open as s3open

config = Config(s3={'addressing_style': 'path'})
client = boto3.client('s3', endpoint_url=env['ENDPOINT'], region_name=env['REGION'], config=config)
params = {'client': client}
for name in ('small', 'large'):
    with open(f'{name}.bin', 'rb') as source:
        with s3open(f"s3://{env['BUCKET']}/{name}.bin", 'wb', transport_params=params) as target:
            copyfileobj(source, target, 1 << 20)
    with s3open(f"s3://{env['BUCKET']}/{name}.bin", 'rb', transport_params=params) as source:
        with open(f'{name}.back', 'wb') as target:
            copyfileobj(source, target, 1 << 20)
