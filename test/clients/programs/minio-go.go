package main

import (
	"context"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx, bucket := context.Background(), os.Getenv("BUCKET")
	s3 := must(minio.New(os.Getenv("HOST")+":"+os.Getenv("PORT"), &minio.Options{Creds: credentials.NewEnvAWS(), Region: os.Getenv("REGION")}))
	must(s3.FPutObject(ctx, bucket, "small.bin", "small.bin", minio.PutObjectOptions{}))
	must(s3.FPutObject(ctx, bucket, "large.bin", "large.bin", minio.PutObjectOptions{PartSize: 5 << 20}))
	source := minio.CopySrcOptions{Bucket: bucket, Object: "small.bin"}
	must(s3.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: "gone.bin"}, source))
	for _, name := range []string{"small", "large"} {
		must(0, s3.FGetObject(ctx, bucket, name+".bin", name+".back", minio.GetObjectOptions{}))
	}
	count := 0
	for one := range s3.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		must(0, one.Err)
		count++
	}
	if count != 3 {
		panic("listing")
	}
	must(0, s3.RemoveObject(ctx, bucket, "gone.bin", minio.RemoveObjectOptions{}))
}
