//! Evidence bytes at rest: encrypted, content-verified, streamed.
