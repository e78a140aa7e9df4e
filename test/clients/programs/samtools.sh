set -eu
export HTS_S3_HOST=$HOST:$PORT HTS_S3_ADDRESS_STYLE=path
printf '@SQ\tSN:c\tLN:9000\n' >in.sam
for i in $(seq 2000); do printf 'r%s\t0\tc\t%s\t60\t4M\t*\t0\t0\tACGT\tFFFF\n' "$i" "$i"; done >>in.sam
samtools view -b -o "s3+http://$BUCKET/a.bam" in.sam
test "$(samtools view -c "s3+http://$BUCKET/a.bam")" = 2000
