from os import environ as env
import s3fs

env['AWS_ENDPOINT_URL_S3'] = env['ENDPOINT']
fs = s3fs.S3FileSystem()
bucket = env['BUCKET']
fs.put('small.bin', f'{bucket}/small.bin')
with open('large.bin', 'rb') as source, fs.open(f'{bucket}/large.bin', 'wb', block_size=5 << 20) as target:
    target.write(source.read())
fs.copy(f'{bucket}/small.bin', f'{bucket}/copy.bin')
fs.mv(f'{bucket}/copy.bin', f'{bucket}/gone.bin')
for name in ('small', 'large'):
    fs.get(f'{bucket}/{name}.bin', f'{name}.back')
assert sorted(fs.ls(bucket, refresh=True)) == [f'{bucket}/{name}.bin' for name in ('gone', 'large', 'small')]
fs.rm(f'{bucket}/gone.bin')
