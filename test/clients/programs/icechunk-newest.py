from os import environ as env
import icechunk
import numpy
import zarr

storage = icechunk.s3_storage(bucket=env['BUCKET'], prefix='repo', region=env['REGION'], endpoint_url=env['ENDPOINT'],
                              allow_http=True, force_path_style=True, from_env=True)
repo = icechunk.Repository.create(storage)
data = numpy.random.default_rng(1).random((400, 400))
for message in ('one', 'two'):
    session = repo.writable_session('main')
    array = zarr.create_array(session.store, name=message, shape=data.shape, chunks=(100, 100), dtype=data.dtype)
    array[:] = data
    session.commit(message)
again = icechunk.Repository.open(storage).readonly_session('main')
assert (zarr.open_array(again.store, path='two', mode='r')[:] == data).all()
