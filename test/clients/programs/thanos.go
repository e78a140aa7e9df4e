package main

import (
	"context"
	"io"
	"os"

	"github.com/go-kit/log"
	"github.com/thanos-io/objstore/providers/s3"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	config := "bucket: " + os.Getenv("BUCKET") + "\nendpoint: " + os.Getenv("HOST") + ":" + os.Getenv("PORT") +
		"\nregion: " + os.Getenv("REGION") + "\ninsecure: true\nbucket_lookup_type: path\npart_size: 5242880\n"
	bucket := must(s3.NewBucket(log.NewNopLogger(), []byte(config), "sealgate", nil))
	for name, source := range map[string]string{"small": "small", "large": "large", "gone": "small"} {
		must(0, bucket.Upload(ctx, name+".bin", must(os.Open(source+".bin"))))
	}
	for _, name := range []string{"small", "large"} {
		must(io.Copy(must(os.Create(name+".back")), must(bucket.Get(ctx, name+".bin"))))
	}
	count := 0
	must(0, bucket.Iter(ctx, "", func(string) error { count++; return nil }))
	if count != 3 {
		panic("listing")
	}
	must(0, bucket.Delete(ctx, "gone.bin"))
}
