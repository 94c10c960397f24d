//! What an auditor can check with a file and public keys alone; needs no node and no network.
