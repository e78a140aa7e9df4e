import com.google.common.io.Files;
import java.io.File;
import java.util.Properties;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;

class Program {
  public static void main(String[] args) throws Exception {
    String bucket = System.getenv("BUCKET");
    Properties more = new Properties();
    more.setProperty("jclouds.s3.virtual-host-buckets", "false");
    more.setProperty("jclouds.regions", System.getenv("REGION"));
    BlobStoreContext context = ContextBuilder.newBuilder("aws-s3").endpoint(System.getenv("ENDPOINT")).overrides(more)
        .credentials(System.getenv("AWS_ACCESS_KEY_ID"), System.getenv("AWS_SECRET_ACCESS_KEY")).buildView(BlobStoreContext.class);
    BlobStore s3 = context.getBlobStore();
    for (String[] pair : new String[][] {{"small", "small"}, {"large", "large"}, {"gone", "small"}}) {
      File file = new File(pair[1] + ".bin");
      s3.putBlob(bucket, s3.blobBuilder(pair[0] + ".bin").payload(file).contentLength(file.length()).build());
    }
    for (String name : new String[] {"small", "large"}) {
      try (var in = s3.getBlob(bucket, name + ".bin").getPayload().openStream()) {
        Files.write(in.readAllBytes(), new File(name + ".back"));
      }
    }
    if (s3.list(bucket).size() != 3) throw new Error("listing");
    s3.removeBlob(bucket, "gone.bin");
    context.close();
  }
}
