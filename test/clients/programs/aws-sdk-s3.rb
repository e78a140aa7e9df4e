require 'aws-sdk-s3'

client = Aws::S3::Client.new(endpoint: ENV['ENDPOINT'], region: ENV['REGION'], force_path_style: true)
bucket = Aws::S3::Resource.new(client: client).bucket(ENV['BUCKET'])
foreign = { server_side_encryption: 'aws:kms', ssekms_key_id: ENV['OTHER_KEY'] }
%w[small gone].each { |name| bucket.object("#{name}.bin").upload_file('small.bin', **foreign) }
bucket.object('large.bin').upload_file('large.bin', multipart_threshold: 5 << 20, **foreign)
%w[small large].each { |name| bucket.object("#{name}.bin").get(response_target: "#{name}.back") }
raise 'listing' unless bucket.objects.count == 3
bucket.delete_objects(delete: { objects: [{ key: 'gone.bin' }] })
