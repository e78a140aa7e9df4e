from os import environ as env
import lance
import pyarrow as pa

options = {'aws_endpoint': env['ENDPOINT'], 'aws_region': env['REGION'], 'allow_http': 'true'}
url = f"s3://{env['BUCKET']}/table.lance"
for mode in ('create', 'append', 'append'):
    lance.write_dataset(pa.table({'id': range(1000)}), url, mode=mode, storage_options=options)
table = lance.dataset(url, storage_options=options)
table.delete('id < 10')
table.optimize.compact_files()
assert lance.dataset(url, storage_options=options).count_rows() == 2970
