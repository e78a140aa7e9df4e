from os import environ as env
from pathlib import Path
import duckdb

# What `INSTALL httpfs` would download.
site = Path(duckdb.__file__).parent.parent
extension = next(site.glob('duckdb_ext/extensions/*/linux_amd64/httpfs.duckdb_extension'))
db = duckdb.connect(config={'extension_directory': str(Path('extensions').absolute())})
db.execute(f"INSTALL '{extension}'")
db.execute('LOAD httpfs')
db.execute(f"""CREATE SECRET (TYPE s3, KEY_ID '{env['AWS_ACCESS_KEY_ID']}', SECRET '{env['AWS_SECRET_ACCESS_KEY']}',
    REGION '{env['REGION']}', ENDPOINT '{env['HOST']}:{env['PORT']}', URL_STYLE 'path', USE_SSL false)""")
at = f"s3://{env['BUCKET']}"
db.execute(f"COPY (SELECT range AS id, hash(range) AS h FROM range(1000000)) TO '{at}/table.parquet'")
db.execute(f"COPY (SELECT range AS id, range % 3 AS k FROM range(1000)) TO '{at}/parts' (FORMAT parquet, PARTITION_BY k)")
assert db.execute(f"SELECT count(*) FROM '{at}/table.parquet'").fetchone() == (1_000_000,)
assert db.execute(f"SELECT count(*) FROM '{at}/parts/*/*.parquet'").fetchone() == (1000,)
