from os import environ as env
import boto3
from boto3.s3.transfer import TransferConfig

env['AWS_ENDPOINT_URL_S3'] = env['ENDPOINT']
s3 = boto3.client('s3')
bucket = env['BUCKET']
parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
for name in ('small', 'gone'):
    with open('small.bin', 'rb') as source:
        s3.put_object(Bucket=bucket, Key=f'{name}.bin', Body=source)
kms = {'ServerSideEncryption': 'aws:kms', 'SSEKMSKeyId': env['OTHER_KEY']}
s3.upload_file('large.bin', bucket, 'large.bin', Config=parts, ExtraArgs=kms)
s3.copy({'Bucket': bucket, 'Key': 'large.bin'}, bucket, 'copy.bin', Config=parts, ExtraArgs=kms)
for name in ('small', 'large'):
    s3.download_file(bucket, f'{name}.bin', f'{name}.back', Config=parts)
keys = [one['Key'] for one in s3.list_objects_v2(Bucket=bucket)['Contents']]
assert keys == ['copy.bin', 'gone.bin', 'large.bin', 'small.bin'], keys
s3.delete_objects(Bucket=bucket, Delete={'Objects': [{'Key': 'gone.bin'}, {'Key': 'copy.bin'}]})
