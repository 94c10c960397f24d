//! The exchange with other authorities over QUIC and mutual TLS; knows no casework.
