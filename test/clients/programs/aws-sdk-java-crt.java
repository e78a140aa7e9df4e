import java.net.URI;
import java.nio.file.Path;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.services.s3.S3AsyncClient;

class Program {
  public static void main(String[] args) throws Exception {
    String bucket = System.getenv("BUCKET");
    try (S3AsyncClient s3 = S3AsyncClient.crtBuilder().endpointOverride(URI.create(System.getenv("ENDPOINT"))).forcePathStyle(true)
        .minimumPartSizeInBytes(5L << 20).thresholdInBytes(5L << 20).build()) {
      for (String[] pair : new String[][] {{"small", "small"}, {"large", "large"}, {"gone", "small"}}) {
        s3.putObject(b -> b.bucket(bucket).key(pair[0] + ".bin").serverSideEncryption("aws:kms").ssekmsKeyId(System.getenv("OTHER_KEY")), AsyncRequestBody.fromFile(Path.of(pair[1] + ".bin"))).get();
      }
      s3.copyObject(b -> b.sourceBucket(bucket).sourceKey("large.bin").destinationBucket(bucket).destinationKey("copy.bin")
          .serverSideEncryption("aws:kms").ssekmsKeyId(System.getenv("OTHER_KEY"))).get();
      for (String name : new String[] {"small", "large"}) {
        s3.getObject(b -> b.bucket(bucket).key(name + ".bin"), Path.of(name + ".back")).get();
      }
      if (s3.listObjectsV2(b -> b.bucket(bucket)).get().keyCount() != 4) throw new Error("listing");
      for (String name : new String[] {"gone", "copy"}) s3.deleteObject(b -> b.bucket(bucket).key(name + ".bin")).get();
    }
  }
}
