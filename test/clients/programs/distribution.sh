set -eu
cat >registry.yml <<END
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  delete: { enabled: true }
  s3:
    bucket: $BUCKET
    region: $REGION
    regionendpoint: $ENDPOINT
    forcepathstyle: true
    secure: false
    encrypt: true
    keyid: $OTHER_KEY
    accesskey: $AWS_ACCESS_KEY_ID
    secretkey: $AWS_SECRET_ACCESS_KEY
http: { net: unix, addr: $PWD/registry.sock }
END
"${REGISTRY:-registry}" serve registry.yml &
trap 'kill %1' EXIT
api() { curl -fsS --unix-socket registry.sock "$@"; }
app=http://registry/v2/app
api --retry 20 --retry-delay 1 --retry-all-errors http://registry/v2/

# What an answer says in its header of this name.
header() { local name=$1; shift; api -o /dev/null -w "%header{$name}" "$@"; }
digest() { echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"; }
# Pieces of a file, as clients send a layer.
push() {
  local file=$1 at piece
  at=$(header location -X POST "$app/blobs/uploads/")
  split -b 6000000 "$file" "$file.piece."
  for piece in "$file".piece.*; do
    at=$(header location -X PATCH -H 'content-type: application/octet-stream' --data-binary "@$piece" "$at")
  done
  api -X PUT "$at&digest=$(digest "$file")"
}
push small.bin
push large.bin
cat >manifest.json <<END
{ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
  "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "size": 4000, "digest": "$(digest small.bin)" },
  "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "size": 11534336, "digest": "$(digest large.bin)" }] }
END
for tag in one two; do
  api -X PUT -H 'content-type: application/vnd.oci.image.manifest.v1+json' --data-binary @manifest.json "$app/manifests/$tag"
done
api "$app/tags/list" | grep -q '"one","two"'
# The registry sends its clients to a presigned address of Sealgate's.
for name in small large; do
  curl -fsS -o $name.back "$(header location "$app/blobs/$(digest $name.bin)")"
  cmp $name.bin $name.back
done
api -X DELETE "$app/manifests/$(digest manifest.json)"
"${REGISTRY:-registry}" garbage-collect registry.yml
if api -o /dev/null -I "$app/blobs/$(digest large.bin)"; then exit 1; fi
push small.bin
