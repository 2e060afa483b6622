//! DirectoryService over gRPC, on both stores: syncing and exporting whole directories.

mod export;
mod lists;
mod sync;
mod test_server;
