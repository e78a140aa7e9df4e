from os import environ as env
from chdb.session import Session

at, keys = f"{env['ENDPOINT']}/{env['BUCKET']}", f"'{env['AWS_ACCESS_KEY_ID']}', '{env['AWS_SECRET_ACCESS_KEY']}'"
disk = f"disk(type = s3, endpoint = '{at}/disk/', access_key_id = {keys.replace(', ', ', secret_access_key = ')}, region = '{env['REGION']}', server_side_encryption_kms_key_id = '{env['OTHER_KEY']}')"
click = Session('db')


def query(sql):
    return str(click.query(sql, 'CSV')).strip()


# Small parts, so that a small table has some.
rows = "number AS id, hex(MD5(toString(number))) AS text FROM numbers(500000)"
query(f"INSERT INTO FUNCTION s3('{at}/rows.native', {keys}, 'Native') SELECT {rows} "
      "SETTINGS s3_max_single_part_upload_size = 1000000, s3_min_upload_part_size = 5242880")
query(f"INSERT INTO FUNCTION s3('{at}/few.csv', {keys}, 'CSV') SELECT 1, 'one'")
assert query(f"SELECT count(), uniqExact(text) FROM s3('{at}/*.native', {keys}, 'Native')") == '500000,500000'
assert query(f"SELECT * FROM s3('{at}/few.csv', {keys}, 'CSV')") == '1,"one"'

# A table on a disk of S3: its parts are merged, changed and removed.
query('CREATE DATABASE d')
query(f'CREATE TABLE d.t (id UInt64, text String) ENGINE = MergeTree ORDER BY id SETTINGS disk = {disk}, min_bytes_for_wide_part = 0')
for _ in range(3):
    query(f'INSERT INTO d.t SELECT {rows}')
query('OPTIMIZE TABLE d.t FINAL')
query('ALTER TABLE d.t DELETE WHERE id >= 10 SETTINGS mutations_sync = 1')
assert query('SELECT count() FROM d.t') == '30'
query('DROP TABLE d.t SYNC')
click.close()
