import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

class Program {
  public static void main(String[] args) {
    SparkSession spark = SparkSession.builder().master("local[2]").config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.hadoop.fs.s3a.endpoint", System.getenv("ENDPOINT"))
        .config("spark.hadoop.fs.s3a.endpoint.region", System.getenv("REGION"))
        .config("spark.hadoop.fs.s3a.path.style.access", "true")
        .config("spark.hadoop.fs.s3a.connection.ssl.enabled", "false")
        .config("spark.hadoop.fs.s3a.aws.credentials.provider", "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider")
        .config("spark.sql.shuffle.partitions", "2").getOrCreate();
    String at = "s3a://" + System.getenv("BUCKET") + "/";
    Dataset<Row> rows = spark.range(0, 50000, 1, 2).selectExpr("id", "id % 7 AS k", "repeat('x', 40) AS text");
    rows.write().partitionBy("k").parquet(at + "table");
    rows.limit(10).write().mode(SaveMode.Append).csv(at + "csv");
    rows.limit(20).write().mode(SaveMode.Overwrite).csv(at + "csv");
    if (spark.read().parquet(at + "table").where("k = 3").count() != 7143) throw new Error("rows");
    if (spark.read().csv(at + "csv").count() != 20) throw new Error("overwritten rows");
    spark.stop();
  }
}
