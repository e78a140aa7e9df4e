set -eu
export AWS_S3_ENDPOINT=$HOST:$PORT AWS_HTTPS=NO AWS_VIRTUAL_HOSTING=FALSE AWS_REGION=$REGION
export GDAL_CONFIG=/dev/null
gdal_create -q -of GTiff -outsize 2000 2000 -burn 7 in.tif
gdal_translate -q in.tif "/vsis3/$BUCKET/a.tif" --config CPL_VSIL_USE_TEMP_FILE_FOR_RANDOM_WRITE YES
gdalinfo -checksum "/vsis3/$BUCKET/a.tif" >through
gdalinfo -checksum in.tif >local
test "$(grep Checksum through)" = "$(grep Checksum local)"
