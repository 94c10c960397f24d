//! The use cases of the node; sends nothing itself and knows no HTTP.
