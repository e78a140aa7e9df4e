from os import environ as env
import numpy
import zarr

options = {'endpoint_url': env['ENDPOINT']}
url = f"s3://{env['BUCKET']}/array"
data = numpy.random.default_rng(1).random((600, 600))
array = zarr.create_array(url, shape=data.shape, chunks=(200, 200), dtype=data.dtype, storage_options=options)
array[:] = data
assert (zarr.open_array(url, mode='r', storage_options=options)[:] == data).all()
