set -eu
python3 -c "import sqlite3
db = sqlite3.connect('app.db')
db.execute('PRAGMA journal_mode = WAL')
db.execute('CREATE TABLE t (id INTEGER, text TEXT)')
db.executemany('INSERT INTO t VALUES (?, ?)', [(i, 'x' * 100) for i in range(20000)])
db.commit()
db.close()"
cat >litestream.yml <<END
dbs:
  - path: $PWD/app.db
    replica:
      type: s3
      bucket: $BUCKET
      path: app
      endpoint: $ENDPOINT
      region: $REGION
      force-path-style: true
      sse-kms-key-id: $OTHER_KEY
END
litestream replicate -config litestream.yml -once
litestream restore -config litestream.yml -o restored.db "$PWD/app.db"
test "$(python3 -c "import sqlite3; print(sqlite3.connect('restored.db').execute('SELECT count(*) FROM t').fetchone()[0])")" = 20000
