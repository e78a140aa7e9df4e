use strict;
use warnings;
use Amazon::S3;

my $s3 = Amazon::S3->new({
    aws_access_key_id => $ENV{AWS_ACCESS_KEY_ID}, aws_secret_access_key => $ENV{AWS_SECRET_ACCESS_KEY},
    host => "$ENV{HOST}:$ENV{PORT}", secure => 0, region => $ENV{REGION}, dns_bucket_names => 0, retry => 0,
});
my $bucket = $s3->bucket({ bucket => $ENV{BUCKET}, region => $ENV{REGION} });
$bucket->add_key_filename('small.bin', 'small.bin') or die $s3->errstr;
$bucket->get_key('small.bin');
