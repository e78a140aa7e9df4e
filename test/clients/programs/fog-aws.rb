require 'fog/aws'

storage = Fog::Storage.new(
  provider: 'AWS', endpoint: ENV['ENDPOINT'], region: ENV['REGION'], path_style: true,
  aws_access_key_id: ENV['AWS_ACCESS_KEY_ID'], aws_secret_access_key: ENV['AWS_SECRET_ACCESS_KEY']
)
files = storage.directories.new(key: ENV['BUCKET']).files
# A String is hashed whole, an IO goes in signed chunks.
files.create(key: 'gone.bin', body: File.binread('small.bin'))
files.create(key: 'small.bin', body: File.open('small.bin', 'rb'))
files.create(key: 'large.bin', body: File.open('large.bin', 'rb'), multipart_chunk_size: 5 << 20)
%w[small large].each { |name| File.binwrite("#{name}.back", files.get("#{name}.bin").body) }
raise 'listing' unless files.all.length == 3
files.new(key: 'gone.bin').destroy
