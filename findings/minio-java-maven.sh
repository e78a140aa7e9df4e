#!/bin/sh
# io.minio:minio 9.0.4 (MinIO's Java client) cannot be used from Maven as it is: its only HTTP library is absent.
#
# Expected: a project whose pom.xml names io.minio:minio alone compiles against its public API and runs.
# Observed with Maven 3 and 9.0.4: `error: cannot access HttpUrl`, "class file for okhttp3.HttpUrl not found". Its pom
# depends on com.squareup.okhttp3:okhttp:5.5.1, whose jar has no class of okhttp3: the classes are in okhttp-jvm, to
# which only Gradle's own metadata lead, and Maven does not read those. With okhttp-jvm of the same version it works.
# What it means: the same upgrade passes where Gradle builds and breaks where Maven does, sbt and Ivy too as they read
# the same pom; where classes are only loaded at run time it is a NoClassDefFoundError on the first client. Add
# `com.squareup.okhttp3:okhttp-jvm` in the version of okhttp that was resolved, and renew both together.
#
# Needs a JDK from 17 and Maven, and the network for packages of Maven Central. Fails if what is observed changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/Client.java" <<'JAVA'
import io.minio.MinioClient;

class Client {
  public static void main(String[] args) throws Exception {
    MinioClient client = MinioClient.builder().endpoint("http://127.0.0.1:9").credentials("AK", "SK").build();
    System.out.println("a client: " + (client != null));
    client.close();
  }
}
JAVA

# try NAME DEPENDENCY...: a project with these, its classes of okhttp3, and the program.
try() {
  name=$1
  shift
  mkdir "$folder/$name"
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>a</groupId><artifactId>b</artifactId><version>1</version><packaging>pom</packaging><dependencies>'
    for one in "$@"; do
      echo "$one" | sed -E 's#(.*):(.*):(.*)#<dependency><groupId>\1</groupId><artifactId>\2</artifactId><version>\3</version></dependency>#'
    done
    echo '</dependencies></project>'
  } > "$folder/$name/pom.xml"
  (cd "$folder/$name" && mvn -q -B dependency:copy-dependencies -DoutputDirectory=libs -DincludeScope=runtime >&2)
  classes=0
  for jar in "$folder/$name"/libs/okhttp*.jar; do
    found=$(jar tf "$jar" | grep -c '^okhttp3/.*\.class$' || true)
    classes=$((classes + found))
  done
  [ "$classes" -eq 0 ] || classes=some
  said=$(java -cp "$folder/$name/libs/*" "$folder/Client.java" 2>&1 | grep -oE 'class file for okhttp3.HttpUrl not found|a client: true' | head -n 1)
  echo "$name: classes of okhttp3: $classes; $said"
}

try alone io.minio:minio:9.0.4 >> "$folder/observed"
try with-okhttp-jvm io.minio:minio:9.0.4 com.squareup.okhttp3:okhttp-jvm:5.5.1 >> "$folder/observed"

cat > "$folder/expected" <<'TEXT'
alone: classes of okhttp3: 0; class file for okhttp3.HttpUrl not found
with-okhttp-jvm: classes of okhttp3: some; a client: true
TEXT
cat "$folder/observed"
diff "$folder/expected" "$folder/observed"
echo 'as described'
