from os import environ as env
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

options = {'AWS_ENDPOINT_URL': env['ENDPOINT'], 'AWS_REGION': env['REGION'], 'AWS_ALLOW_HTTP': 'true'}
url = f"s3://{env['BUCKET']}/table"
for start in range(0, 3000, 1000):
    # A commit is a conditional write: no lock table is needed.
    write_deltalake(url, pa.table({'id': range(start, start + 1000)}), mode='append', storage_options=options)
table = DeltaTable(url, storage_options=options)
table.delete('id < 10')
table.optimize.compact()
table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
table.create_checkpoint()
assert DeltaTable(url, storage_options=options).to_pyarrow_table().num_rows == 2990 if hasattr(table, 'to_pyarrow_table') else True
