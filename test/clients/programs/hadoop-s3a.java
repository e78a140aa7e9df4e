import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

class Program {
  public static void main(String[] args) throws Exception {
    Configuration conf = new Configuration();
    conf.set("fs.s3a.endpoint", System.getenv("ENDPOINT"));
    conf.set("fs.s3a.endpoint.region", System.getenv("REGION"));
    conf.set("fs.s3a.path.style.access", "true");
    conf.set("fs.s3a.connection.ssl.enabled", "false");
    conf.set("fs.s3a.multipart.size", "5M");
    conf.set("fs.s3a.encryption.algorithm", "SSE-KMS");
    conf.set("fs.s3a.encryption.key", System.getenv("OTHER_KEY"));
    conf.set("fs.s3a.aws.credentials.provider", "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider");
    FileSystem fs = FileSystem.newInstance(URI.create("s3a://" + System.getenv("BUCKET")), conf);
    fs.copyFromLocalFile(new Path(new java.io.File("small.bin").toURI()), new Path("/dir/small.bin"));
    // A rename is a copy and a delete.
    fs.rename(new Path("/dir/small.bin"), new Path("/small.bin"));
    fs.copyFromLocalFile(new Path(new java.io.File("small.bin").toURI()), new Path("/gone/gone.bin"));
    try (var out = fs.create(new Path("/large.bin")); var in = new java.io.FileInputStream("large.bin")) {
      in.transferTo(out);
    }
    for (String name : new String[] {"small", "large"}) {
      try (var in = fs.open(new Path("/" + name + ".bin"))) {
        java.nio.file.Files.copy(in, java.nio.file.Path.of(name + ".back"));
      }
    }
    fs.delete(new Path("/gone"), true);
    for (var one : fs.listStatus(new Path("/"))) System.out.println(one.getPath() + " " + one.getLen());
    fs.delete(new Path("/dir"), true);
    fs.close();
  }
}
