import java.net.URI;
import java.nio.file.Path;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.Delete;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;

class Program {
  public static void main(String[] args) throws Exception {
    String bucket = System.getenv("BUCKET");
    URI endpoint = URI.create(System.getenv("ENDPOINT"));
    S3Client s3 = S3Client.builder().endpointOverride(endpoint).forcePathStyle(true).build();
    for (String key : new String[] {"small.bin", "gone.bin"}) {
      s3.putObject(b -> b.bucket(bucket).key(key), RequestBody.fromFile(Path.of("small.bin")));
    }
    // Parts, and a body that the asynchronous client sends in signed chunks or with a trailer.
    try (S3AsyncClient parts = S3AsyncClient.builder().endpointOverride(endpoint).forcePathStyle(true)
        .multipartEnabled(true).multipartConfiguration(b -> b.minimumPartSizeInBytes(5L << 20).thresholdInBytes(5L << 20)).build()) {
      parts.putObject(b -> b.bucket(bucket).key("large.bin").serverSideEncryption("aws:kms").ssekmsKeyId(System.getenv("OTHER_KEY")), AsyncRequestBody.fromFile(Path.of("large.bin"))).get();
    }
    s3.copyObject(b -> b.sourceBucket(bucket).sourceKey("small.bin").destinationBucket(bucket).destinationKey("copy.bin"));
    for (String name : new String[] {"small", "large"}) {
      s3.getObject(b -> b.bucket(bucket).key(name + ".bin"), Path.of(name + ".back"));
    }
    if (s3.listObjectsV2Paginator(b -> b.bucket(bucket).maxKeys(3)).contents().stream().count() != 4) throw new Error("listing");
    Delete rest = Delete.builder().objects(ObjectIdentifier.builder().key("gone.bin").build(),
        ObjectIdentifier.builder().key("copy.bin").build()).build();
    s3.deleteObjects(b -> b.bucket(bucket).delete(rest));
  }
}
