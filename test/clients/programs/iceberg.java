import java.util.List;
import java.util.Map;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.types.Types;

class Program {
  public static void main(String[] args) throws Exception {
    String at = "s3://" + System.getenv("BUCKET") + "/";
    JdbcCatalog catalog = new JdbcCatalog();
    catalog.initialize("c", Map.of(
        CatalogProperties.URI, "jdbc:sqlite:catalog.db", CatalogProperties.WAREHOUSE_LOCATION, at + "warehouse",
        CatalogProperties.FILE_IO_IMPL, "org.apache.iceberg.aws.s3.S3FileIO",
        "s3.endpoint", System.getenv("ENDPOINT"), "s3.path-style-access", "true", "http-client.type", "urlconnection",
        "s3.sse.type", "kms", "s3.sse.key", System.getenv("OTHER_KEY"),
        "s3.multipart.part-size-bytes", String.valueOf(5 << 20), "client.region", System.getenv("REGION")));
    catalog.createNamespace(Namespace.of("n"));
    Schema schema = new Schema(Types.NestedField.required(1, "id", Types.LongType.get()));
    Table table = catalog.createTable(TableIdentifier.of("n", "t"), schema, PartitionSpec.unpartitioned());
    // The data file is written in parts, as S3OutputStream does; its content is not the table's matter.
    var io = table.io();
    for (String name : List.of("small", "large")) {
      try (var out = io.newOutputFile(at + name + ".bin").create(); var in = new java.io.FileInputStream(name + ".bin")) {
        in.transferTo(out);
      }
      try (var in = io.newInputFile(at + name + ".bin").newStream()) {
        java.nio.file.Files.copy(in, java.nio.file.Path.of(name + ".back"));
      }
    }
    for (int i = 0; i < 3; i++) {
      table.newAppend().appendFile(DataFiles.builder(table.spec()).withPath(at + "large.bin").withFormat("parquet")
          .withFileSizeInBytes(11 << 20).withRecordCount(1).build()).commit();
    }
    table.expireSnapshots().expireOlderThan(System.currentTimeMillis()).retainLast(1).commit();
    if (((org.apache.iceberg.aws.s3.S3FileIO) io).listPrefix(at).iterator().next() == null) throw new Error("listing");
    catalog.close();
  }
}
