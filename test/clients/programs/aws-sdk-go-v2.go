package main

import (
	"context"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx, bucket := context.Background(), aws.String(os.Getenv("BUCKET"))
	os.Setenv("AWS_ENDPOINT_URL_S3", os.Getenv("ENDPOINT"))
	client := s3.NewFromConfig(must(config.LoadDefaultConfig(ctx)), func(o *s3.Options) { o.UsePathStyle = true })
	for _, key := range []string{"small.bin", "gone.bin"} {
		file := must(os.Open("small.bin"))
		must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: file}))
	}
	uploader := manager.NewUploader(client, func(u *manager.Uploader) { u.PartSize = 5 << 20 })
	must(uploader.Upload(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("large.bin"), Body: must(os.Open("large.bin"))}))
	must(client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy.bin"), CopySource: aws.String(*bucket + "/small.bin")}))
	for _, name := range []string{"small", "large"} {
		answer := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String(name + ".bin")}))
		must(io.Copy(must(os.Create(name+".back")), answer.Body))
	}
	if *must(client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})).KeyCount != 4 {
		panic("listing")
	}
	rest := &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("gone.bin")}, {Key: aws.String("copy.bin")}}}
	must(client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: rest}))
}
