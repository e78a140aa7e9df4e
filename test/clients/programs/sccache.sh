set -eu
export SCCACHE_BUCKET=$BUCKET SCCACHE_REGION=$REGION SCCACHE_ENDPOINT=$ENDPOINT SCCACHE_S3_USE_SSL=false SCCACHE_S3_SERVER_SIDE_ENCRYPTION=true
export SCCACHE_DIR=$PWD/none SCCACHE_SERVER_UDS=$PWD/sccache.sock
echo 'int main(void) { return 0; }' >main.c
trap 'sccache --stop-server' EXIT
sccache gcc -c main.c -o main.o
rm main.o
sccache --stop-server
sccache gcc -c main.c -o main.o
sccache --show-stats | tee stats
grep -E '^Cache hits +1$' stats
