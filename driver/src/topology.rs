//! What the deployment is and can.

use bson::doc;

use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    pub server_version: String,
    pub max_wire_version: i32,
    pub replica_set: Option<String>,
    pub sharded: bool,
    pub sessions: bool,
    pub max_bson_object_size: usize,
    pub max_write_batch_size: usize,
}

impl Topology {
    /// Transaction numbers, hence retryable writes and transactions, need a replica set or a sharded cluster.
    pub fn retryable_writes(&self) -> bool {
        self.sessions && (self.replica_set.is_some() || self.sharded)
    }

    pub(crate) async fn discover(client: &mongodb::Client) -> Result<Self> {
        let admin = client.database("admin");
        let hello = admin.run_command(doc! { "hello": 1 }).await?;
        let build = admin.run_command(doc! { "buildInfo": 1 }).await?;
        let size = |key: &str, default: usize| {
            let number = hello.get_i32(key).ok().and_then(|number| usize::try_from(number).ok());
            number.unwrap_or(default)
        };
        Ok(Topology {
            server_version: build.get_str("version").unwrap_or_default().to_owned(),
            max_wire_version: hello.get_i32("maxWireVersion").unwrap_or_default(),
            replica_set: hello.get_str("setName").ok().map(str::to_owned),
            sharded: hello.get_str("msg").is_ok_and(|message| message == "isdbgrid"),
            sessions: hello.contains_key("logicalSessionTimeoutMinutes"),
            max_bson_object_size: size("maxBsonObjectSize", 16 * 1024 * 1024),
            max_write_batch_size: size("maxWriteBatchSize", 100_000),
        })
    }
}
