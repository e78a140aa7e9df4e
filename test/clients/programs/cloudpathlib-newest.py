from os import environ as env
from cloudpathlib import S3Client

kms = {'ServerSideEncryption': 'aws:kms', 'SSEKMSKeyId': env['OTHER_KEY']}
client = S3Client(endpoint_url=env['ENDPOINT'], extra_args=kms)
root = client.CloudPath(f"s3://{env['BUCKET']}")
for name in ('small', 'large'):
    (root / f'{name}.bin').upload_from(f'{name}.bin')
(root / 'gone.bin').upload_from('small.bin')
(root / 'gone.bin').rename(root / 'renamed.bin')
for name in ('small', 'large'):
    (root / f'{name}.bin').download_to(f'{name}.back')
assert sorted(path.name for path in root.iterdir()) == ['large.bin', 'renamed.bin', 'small.bin']
(root / 'renamed.bin').unlink()
