set -eu
mkdir -p site/public
cp small.bin large.bin site/public/
cat >site/config.toml <<END
baseURL = "http://localhost/"
[deployment]
[[deployment.targets]]
name = "s3"
URL = "s3://$BUCKET?region=$REGION&endpoint=$HOST:$PORT&disableSSL=true&s3ForcePathStyle=true"
END
cd site
hugo deploy
