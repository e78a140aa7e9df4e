from os import environ as env
from pathlib import Path
import opendal

s3 = opendal.Operator('s3', endpoint=env['ENDPOINT'], region=env['REGION'], bucket=env['BUCKET'])
for name in ('small', 'gone'):
    s3.write(f'{name}.bin', Path('small.bin').read_bytes())
with open('large.bin', 'rb') as source, s3.open('large.bin', 'wb', chunk=6 << 20) as target:
    while data := source.read(6 << 20):
        target.write(data)
for name in ('small', 'large'):
    Path(f'{name}.back').write_bytes(bytes(s3.read(f'{name}.bin')))
s3.copy('small.bin', 'copy.bin')
assert len(list(s3.list('/'))) >= 4
s3.delete('gone.bin')
s3.delete('copy.bin')
