//! The node's durable memory and the only SQL; decides nothing about cases.
