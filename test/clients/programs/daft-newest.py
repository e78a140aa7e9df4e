from os import environ as env
import daft
from daft.io import IOConfig, S3Config

config = IOConfig(s3=S3Config(endpoint_url=env['ENDPOINT'], region_name=env['REGION'], use_ssl=False,
                              key_id=env['AWS_ACCESS_KEY_ID'], access_key=env['AWS_SECRET_ACCESS_KEY']))
at = f"s3://{env['BUCKET']}/table"
frame = daft.from_pydict({'id': list(range(10_000)), 'k': [i % 3 for i in range(10_000)]})
frame.write_parquet(at, io_config=config)
assert daft.read_parquet(f'{at}/*.parquet', io_config=config).count_rows() == 10_000
