//! Unicode: equality of texts, their order, and their scripts. No other module uses Unicode's tables.

pub mod fold;
pub mod order;
pub mod scripts;
