import io.minio.CopyObjectArgs;
import io.minio.SourceObject;
import io.minio.DownloadObjectArgs;
import io.minio.ListObjectsArgs;
import io.minio.MinioClient;
import io.minio.RemoveObjectArgs;
import io.minio.UploadObjectArgs;

class Program {
  public static void main(String[] args) throws Exception {
    String bucket = System.getenv("BUCKET");
    MinioClient s3 = MinioClient.builder().endpoint(System.getenv("ENDPOINT")).region(System.getenv("REGION"))
        .credentials(System.getenv("AWS_ACCESS_KEY_ID"), System.getenv("AWS_SECRET_ACCESS_KEY")).build();
    s3.uploadObject(UploadObjectArgs.builder().bucket(bucket).object("small.bin").filename("small.bin").build());
    s3.uploadObject(UploadObjectArgs.builder().bucket(bucket).object("large.bin").filename("large.bin", 5L << 20).build());
    SourceObject source = SourceObject.builder().bucket(bucket).object("small.bin").build();
    s3.copyObject(CopyObjectArgs.builder().bucket(bucket).object("gone.bin").source(source).build());
    for (String name : new String[] {"small", "large"}) {
      s3.downloadObject(DownloadObjectArgs.builder().bucket(bucket).object(name + ".bin").filename(name + ".back").build());
    }
    int count = 0;
    for (var one : s3.listObjects(ListObjectsArgs.builder().bucket(bucket).build())) if (one.get().size() > 0) count++;
    if (count != 3) throw new Error("listing");
    s3.removeObject(RemoveObjectArgs.builder().bucket(bucket).object("gone.bin").build());
  }
}
