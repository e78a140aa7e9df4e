use strict;
use warnings;
use Net::Amazon::S3;
use Net::Amazon::S3::Vendor::Generic;
use Net::Amazon::S3::Signature::V4;

my $vendor = Net::Amazon::S3::Vendor::Generic->new(
    host => "$ENV{HOST}:$ENV{PORT}", use_https => 0, use_virtual_host => 0,
    authorization_method => 'Net::Amazon::S3::Signature::V4', default_region => $ENV{REGION},
);
my $s3 = Net::Amazon::S3->new(
    aws_access_key_id => $ENV{AWS_ACCESS_KEY_ID}, aws_secret_access_key => $ENV{AWS_SECRET_ACCESS_KEY},
    vendor => $vendor,
);
my $bucket = $s3->bucket({ bucket => $ENV{BUCKET}, region => $ENV{REGION} });
for (['small', 'small'], ['large', 'large'], ['gone', 'small']) {
    $bucket->add_key_filename("$_->[0].bin", "$_->[1].bin") or die $s3->errstr;
}
$bucket->get_key_filename("$_.bin", 'GET', "$_.back") for qw(small large);
@{ $bucket->list_all->{keys} } == 3 or die 'listing';
$bucket->delete_key('gone.bin') or die $s3->errstr;
