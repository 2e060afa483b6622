//! DirectoryService at work: whole directories in and out, over gRPC, on both stores.

mod export;
mod lists;
mod sync;
mod test_server;
