from os import environ as env
from pathlib import Path
import obstore
from obstore.store import S3Store

store = S3Store(env['BUCKET'], endpoint=env['ENDPOINT'], region=env['REGION'], client_options={'allow_http': True})
obstore.put(store, 'small.bin', Path('small.bin'))
obstore.put(store, 'large.bin', Path('large.bin'), chunk_size=5 << 20)
# Not there yet: a conditional write.
obstore.put(store, 'first.bin', b'x', mode='create')
try:
    obstore.put(store, 'first.bin', b'y', mode='create')
    raise SystemExit('it was written over')
except obstore.exceptions.AlreadyExistsError:
    pass
obstore.rename(store, 'first.bin', 'gone.bin')
obstore.copy(store, 'small.bin', 'copy.bin')
for name in ('small', 'large'):
    Path(f'{name}.back').write_bytes(bytes(obstore.get(store, f'{name}.bin').bytes()))
assert len([one for page in obstore.list(store) for one in page]) == 4
obstore.delete(store, ['gone.bin', 'copy.bin'])
