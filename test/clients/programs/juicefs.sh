set -eu
export ACCESS_KEY=$AWS_ACCESS_KEY_ID SECRET_KEY=$AWS_SECRET_ACCESS_KEY volume=sqlite3://$PWD/meta.db
juicefs format --storage s3 --bucket "$ENDPOINT/$BUCKET" "$volume" data
mkdir -p in out
cp small.bin large.bin in/
juicefs sync in/ jfs://volume/dir/
juicefs sync jfs://volume/dir/ out/
cmp in/small.bin out/small.bin
cmp in/large.bin out/large.bin
juicefs gc "$volume"
