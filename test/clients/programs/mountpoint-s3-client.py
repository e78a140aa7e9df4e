from os import environ as env
from s3torchconnectorclient._mountpoint_s3_client import MountpointS3Client

s3 = MountpointS3Client(env['REGION'], endpoint=env['ENDPOINT'], force_path_style=True, part_size=5 << 20)
bucket = env['BUCKET']
for name, source in (('small', 'small'), ('large', 'large'), ('gone', 'small')):
    writer = s3.put_object(bucket, f'{name}.bin')
    with open(f'{source}.bin', 'rb') as file:
        while data := file.read(1 << 20):
            writer.write(data)
    writer.close()
s3.copy_object(bucket, 'small.bin', bucket, 'copy.bin')
for name in ('small', 'large'):
    with open(f'{name}.back', 'wb') as target:
        for data in s3.get_object(bucket, f'{name}.bin'):
            target.write(data)
assert s3.head_object(bucket, 'large.bin').size == 11 << 20
keys = [one.key for page in s3.list_objects(bucket) for one in page.object_info]
assert keys == ['copy.bin', 'gone.bin', 'large.bin', 'small.bin'], keys
for name in ('gone', 'copy'):
    s3.delete_object(bucket, f'{name}.bin')
