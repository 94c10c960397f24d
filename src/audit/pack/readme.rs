//! The text in a court pack that says how to check it with other tools; checks nothing.

/// `data/README.txt`
pub(crate) const README: &str = r#"COURT PACK - how to check it

This folder is a BagIt bag (RFC 8493). It holds signed records of customs authorities, the proofs that each record stands
in a public-style append-only log, and the keys to check them. Nothing in it has to be believed: check it.

1. With the verifier (no network, no account):

   sealane-verify PACK.sealane.zip --trust CARD-OF-EACH-AUTHORITY

   Exit code 0 and "verified": every rule holds. The cards must come from the authorities themselves, not from this
   pack: compare the twelve fingerprint words with the authority by telephone. Give the cards of the witnesses too: the
   cosigner of a checkpoint counts only if its card is one that you trust. With fewer cards the best verdict is
   "consistent, issuer not trusted": then the pack is sound in itself, and it remains to be shown whose keys these are.

2. By hand, in this folder:

   Completeness and digests of the files:
      sha256sum -c manifest-sha256.txt
      sha256sum -c tagmanifest-sha256.txt
   The manifests are not signed: they find damage, not forgery. What follows finds forgery.

   An evidence file is named by its SHA-256:
      sha256sum data/evidence/*

   A record, data/records/HASH.cose, is a COSE_Sign1 (RFC 9052) whose payload is the root of its field tree. HASH is the
   SHA-256 of the statement with an empty unprotected header; these bytes are the log leaf. With Python and cbor2:
      import cbor2, hashlib
      t = cbor2.loads(open("data/records/HASH.cose", "rb").read())
      p, u, root, sig = t.value
      bare = cbor2.dumps(cbor2.CBORTag(18, [p, {}, root, sig]))
      print(hashlib.sha256(bare).hexdigest())                           # HASH
      open("tbs", "wb").write(cbor2.dumps(["Signature1", p, b"", root]))
      open("sig", "wb").write(sig)
   Its signature, with OpenSSL 3 and the issuer's record key:
      openssl pkeyutl -verify -pubin -inkey data/trust/keys/AUTHORITY.record-1.pem -rawin -in tbs -sigfile sig

   Its fields, data/records/HASH.fields.cbor, are a CBOR array of leaves, each a byte string holding
   [salt, value, name] or [salt]. The root is that of RFC 9162 2.1 (SHA-256) over the leaves:
      for l in cbor2.loads(open("data/records/HASH.fields.cbor", "rb").read()): print(cbor2.loads(l))
   If there is a HASH.disclosure.cose, only some leaves are shown; it has one RFC 9942 inclusion proof for each, in the
   same order, in its unprotected header (396 -> -1).

   Its receipts (RFC 9942, RFC 9943) are in the unprotected header of HASH.cose, label 394. Each says that a log holds
   the statement; its key is data/trust/keys/AUTHORITY.receipt.pem. The PyPI package scitt-cose checks them.

   Its log proofs, data/proofs/HASH.LOG.tlog-proof (c2sp.org/tlog-proof), lead to a checkpoint that the log signed and
   other authorities cosigned. The keys are in data/trust/vkeys.txt, the quorum of each log in data/trust/policies/
   (c2sp.org/tlog-policy). data/log/LOG/checkpoint is the newest checkpoint (c2sp.org/tlog-checkpoint).

3. What is left out on purpose is listed: data/evidence/withheld.txt (digests of evidence files),
   data/records/outside.txt (statements that records here continue).

data/index.html shows the same for people. It is made from the records for convenience and proves nothing by itself.
"#;
