//! Every statement prepares on both databases, with the same number of placeholders.

use firebell::store::Db;

on_both_databases! {
    async fn every_statement_prepares(database: TestDatabase) {
        let db = Db::connect(&database.url).await.unwrap();
        db.migrate().await.unwrap();
        let mut faults = Vec::new();
        let mut count = 0;
        for (file, name, sql) in firebell::store::statements() {
            count += 1;
            if let Err(error) = db.prepare(sql).await {
                faults.push(format!("{file}::{name}: {error:?}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(40 < count, "{count} statements are listed");
        db.close().await;
    }
}
