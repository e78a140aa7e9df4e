from os import environ as env
import polars as pl

options = {'aws_endpoint_url': env['ENDPOINT'], 'aws_region': env['REGION'], 'aws_allow_http': 'true'}
url = f"s3://{env['BUCKET']}/table.parquet"
frame = pl.DataFrame({'id': range(1_000_000), 'text': [str(i * 7919) * 8 for i in range(1_000_000)]})
frame.write_parquet(url, storage_options=options, compression='uncompressed')
assert pl.scan_parquet(url, storage_options=options).select(pl.len()).collect().item() == 1_000_000
frame.lazy().filter(pl.col('id') < 10).select('id').sink_csv(f"s3://{env['BUCKET']}/rows.csv", storage_options=options)
assert pl.scan_csv(f"s3://{env['BUCKET']}/*.csv", storage_options=options).collect().height == 10
