from os import environ as env
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

catalog = SqlCatalog('c', **{
    'uri': 'sqlite:///catalog.db', 'warehouse': f"s3://{env['BUCKET']}/warehouse",
    's3.endpoint': env['ENDPOINT'], 's3.region': env['REGION'],
    's3.access-key-id': env['AWS_ACCESS_KEY_ID'], 's3.secret-access-key': env['AWS_SECRET_ACCESS_KEY'],
})
catalog.create_namespace('n')
rows = pa.table({'id': pa.array(range(50_000), pa.int64())})
table = catalog.create_table('n.t', rows.schema)
table.append(rows)
table.append(rows)
table.delete('id < 10')
assert catalog.load_table('n.t').scan().to_arrow().num_rows == 99_980
