from os import environ as env
import numpy
import tensorstore

store = {'driver': 's3', 'bucket': env['BUCKET'], 'path': 'array/', 'endpoint': env['ENDPOINT'], 'aws_region': env['REGION'],
         'host_header': f"{env['HOST']}:{env['PORT']}"}
spec = {'driver': 'zarr3', 'kvstore': {k: v for k, v in store.items() if k != 'host_header'}}
data = numpy.random.default_rng(1).integers(0, 1000, (300, 300))
array = tensorstore.open(spec, create=True, dtype=tensorstore.int64, shape=data.shape, chunk_layout=tensorstore.ChunkLayout(chunk_shape=[100, 100])).result()
array.write(data).result()
assert (tensorstore.open(spec).result().read().result() == data).all()
