from os import environ as env
import boto
from boto.s3.connection import OrdinaryCallingFormat, S3Connection

boto.config.add_section('s3')
boto.config.set('s3', 'use-sigv4', 'True')
connection = S3Connection(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], is_secure=False,
                          host=env['HOST'], port=int(env['PORT']), calling_format=OrdinaryCallingFormat())
connection.auth_region_name = env['REGION']
connection.get_bucket(env['BUCKET'], validate=False).new_key('small.bin').set_contents_from_filename('small.bin')
