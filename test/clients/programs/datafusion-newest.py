from os import environ as env
from datafusion import SessionContext
from datafusion.object_store import AmazonS3

context = SessionContext()
store = AmazonS3(bucket_name=env['BUCKET'], endpoint=env['ENDPOINT'], region=env['REGION'], allow_http=True,
                 access_key_id=env['AWS_ACCESS_KEY_ID'], secret_access_key=env['AWS_SECRET_ACCESS_KEY'])
context.register_object_store('s3://', store, env['BUCKET'])
at = f"s3://{env['BUCKET']}/table"
context.sql(f"COPY (SELECT value, value % 7 AS k FROM generate_series(1, 200000)) TO '{at}/' STORED AS parquet").collect()
context.register_parquet('t', f'{at}/')
assert context.sql('SELECT count(*) FROM t').collect()[0][0][0].as_py() == 200_000
