import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import com.amazonaws.services.s3.model.DeleteObjectsRequest;
import com.amazonaws.services.s3.model.GetObjectRequest;
import com.amazonaws.services.s3.transfer.TransferManager;
import com.amazonaws.services.s3.transfer.TransferManagerBuilder;
import java.io.File;

class Program {
  public static void main(String[] args) throws Exception {
    String bucket = System.getenv("BUCKET");
    AmazonS3 s3 = AmazonS3ClientBuilder.standard().withPathStyleAccessEnabled(true)
        .withEndpointConfiguration(new EndpointConfiguration(System.getenv("ENDPOINT"), System.getenv("REGION"))).build();
    s3.putObject(bucket, "small.bin", new File("small.bin"));
    s3.copyObject(bucket, "small.bin", bucket, "gone.bin");
    TransferManager parts = TransferManagerBuilder.standard().withS3Client(s3).withMultipartUploadThreshold(5L << 20)
        .withMinimumUploadPartSize(5L << 20).build();
    parts.upload(bucket, "large.bin", new File("large.bin")).waitForCompletion();
    for (String name : new String[] {"small", "large"}) {
      s3.getObject(new GetObjectRequest(bucket, name + ".bin"), new File(name + ".back"));
    }
    if (s3.listObjectsV2(bucket).getKeyCount() != 3) throw new Error("listing");
    s3.deleteObjects(new DeleteObjectsRequest(bucket).withKeys("gone.bin"));
    parts.shutdownNow();
  }
}
