from os import environ as env
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

# The AWS SDK for C++.
s3 = fs.S3FileSystem(endpoint_override=env['ENDPOINT'], scheme='http', region=env['REGION'])
bucket = env['BUCKET']
for name, source in (('small', 'small'), ('large', 'large'), ('gone', 'small')):
    with open(f'{source}.bin', 'rb') as file, s3.open_output_stream(f'{bucket}/{name}.bin') as out:
        out.write(file.read())
s3.move(f'{bucket}/gone.bin', f'{bucket}/moved.bin')
for name in ('small', 'large'):
    with s3.open_input_file(f'{bucket}/{name}.bin') as file, open(f'{name}.back', 'wb') as target:
        target.write(file.read())
found = s3.get_file_info(fs.FileSelector(bucket))
assert sorted(one.base_name for one in found) == ['large.bin', 'moved.bin', 'small.bin'], found
table = pa.table({'id': range(100_000), 'k': [i % 3 for i in range(100_000)]})
ds.write_dataset(table, f'{bucket}/table', filesystem=s3, format='parquet', partitioning=['k'])
assert ds.dataset(f'{bucket}/table', filesystem=s3, partitioning=['k']).count_rows() == 100_000
s3.delete_dir(f'{bucket}/table')
s3.delete_file(f'{bucket}/moved.bin')
