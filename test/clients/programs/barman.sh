set -eu
cloud() {
  local command=$1
  shift
  "barman-cloud-$command" --cloud-provider aws-s3 --endpoint-url "$ENDPOINT" "$@"
}
archive=s3://$BUCKET/pg
cloud check-wal-archive "$archive" main
# Segments of PostgreSQL's log, as its archive_command and CloudNativePG hand them over.
cp large.bin 000000010000000000000001
cp small.bin 000000010000000000000002
cloud wal-archive "$archive" main "$PWD/000000010000000000000001"
cloud wal-archive --gzip --encryption aws:kms --sse-kms-key-id "$OTHER_KEY" "$archive" main "$PWD/000000010000000000000002"
cloud wal-restore --spool-dir spool "$archive" main 000000010000000000000001 large.back
cloud wal-restore --spool-dir spool "$archive" main 000000010000000000000002 small.back
cmp large.bin large.back
cmp small.bin small.back
# The archive of a new server has to be empty.
if cloud check-wal-archive "$archive" main; then exit 1; fi
