set -eu
dav() {
  local command=$1
  shift
  "davix-$command" --s3accesskey "$AWS_ACCESS_KEY_ID" --s3secretkey "$AWS_SECRET_ACCESS_KEY" \
    --s3region "$REGION" --s3alternate "$@"
}
at=s3://$HOST:$PORT/$BUCKET
dav put small.bin "$at/small.bin"
dav put large.bin "$at/large.bin"
dav put small.bin "$at/gone.bin"
dav get "$at/small.bin" small.back
dav get "$at/large.bin" large.back
dav ls "$at/"
dav rm "$at/gone.bin"
