import asyncio
from os import environ as env
from pathlib import Path
from aiobotocore.session import get_session

bucket = env['BUCKET']


async def run():
    async with get_session().create_client('s3', endpoint_url=env['ENDPOINT']) as s3:
        for name, source in (('small', 'small'), ('large', 'large'), ('gone', 'small')):
            with open(f'{source}.bin', 'rb') as file:
                await s3.put_object(Bucket=bucket, Key=f'{name}.bin', Body=file)
        for name in ('small', 'large'):
            answer = await s3.get_object(Bucket=bucket, Key=f'{name}.bin')
            async with answer['Body'] as body:
                Path(f'{name}.back').write_bytes(await body.read())
        assert (await s3.list_objects_v2(Bucket=bucket))['KeyCount'] == 3
        await s3.delete_objects(Bucket=bucket, Delete={'Objects': [{'Key': 'gone.bin'}]})


asyncio.run(run())
