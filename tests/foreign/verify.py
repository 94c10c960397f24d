#!/usr/bin/env python3
"""Checks a court pack and the logs behind it with foreign tools; none of the cryptography here is ours.

    verify.py --pack FOLDER [--log ORIGIN=FOLDER_OR_URL]...
    verify.py --example FOLDER

FOLDER is the bag of an unzipped pack (PROTOCOL 7.1); a log is given in tlog-tiles layout. Every check prints
`ok TOOL: what` or `FAIL TOOL: what (why)`. The exit code is 1 if anything failed and 2 if fewer
checks ran than the material asks for. Tools: cwt, scitt-cose, aics-tlog, tlog-tiles (tlog-scales),
openssl, sha256sum.
"""

import argparse
import base64
import collections
import contextlib
import dataclasses
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import cbor2
import cwt
import scitt_cose
from aics_tlog import checkpoint as aics_checkpoint
from aics_tlog import note as aics_note
from aics_tlog import tiles as aics_tiles
from aics_tlog import tree as aics_tree
from aics_tlog import verified as aics_verified
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

RECEIPTS, PROOFS, INCLUSION = 394, 396, -1
KID, CLAIMS, ISS = 4, 15, 1
LOG_KEY, WITNESS_KEY = 0x01, 0x04
PROOF_HEAD = b"c2sp.org/tlog-proof@v1\n"


# --- the material ---------------------------------------------------------------------------


@dataclasses.dataclass
class Record:
    name: str
    transparent: bytes
    leaves: list  # those that are shown, in order
    disclosure: bytes | None
    proofs: list  # of (file name, bytes)

    def statement(self):
        """The log leaf: the same COSE with an empty unprotected header."""
        outer = cbor2.loads(self.transparent)
        protected, _, payload, signature = outer.value
        return cbor2.dumps(cbor2.CBORTag(outer.tag, [protected, {}, payload, signature]))

    def header(self):
        return cbor2.loads(cbor2.loads(self.transparent).value[0])


@dataclasses.dataclass
class Material:
    records: list
    keys: dict  # kid -> (file name, pem)
    vkeys: list
    policies: dict  # origin -> text
    cards: list  # of (authority, statement, leaves)
    checkpoints: list  # of (file name, note bytes)
    logs: dict  # origin -> location
    bag: pathlib.Path | None
    named_by_hash: bool


def from_pack(folder, logs):
    data = folder / "data"
    checkpoints = [
        (str(path.relative_to(data)), path.read_bytes())
        for path in sorted(data.glob("log/*/checkpoint"))
    ]
    pems = {path.name: path.read_text() for path in (data / "trust/keys").glob("*.pem")}
    policies = {path.stem: path.read_text() for path in (data / "trust/policies").glob("*.txt")}
    cards = [
        (path.name.removesuffix(".card"), *cbor2.loads(path.read_bytes()))
        for path in sorted((data / "trust/cards").glob("*.card"))
    ]
    # The last card of each root that an authority had before: AUTHORITY.ROOT.card.
    for path in sorted((data / "trust/former").glob("*.card")):
        cards.append((path.name.rsplit(".", 2)[0], *cbor2.loads(path.read_bytes())))
    for authority, _, leaves in cards:
        root = value_of(leaves, "root_key")
        pems[f"{authority}.card.{root.hex()}"] = pem_of(root)
    return Material(
        records=[
            read_record(data, path.name.removesuffix(".cose"))
            for path in sorted((data / "records").glob("*.cose"))
            if not path.name.endswith(".disclosure.cose")
        ],
        keys={thumbprint(pem): (name, pem) for name, pem in pems.items()},
        vkeys=read_vkeys((data / "trust/vkeys.txt").read_text()),
        policies={origin.replace("_", "/"): text for origin, text in policies.items()},
        cards=cards,
        checkpoints=checkpoints,
        logs=logs,
        bag=folder,
        named_by_hash=True,
    )


def read_record(data, name):
    disclosure = data / f"records/{name}.disclosure.cose"
    return Record(
        name=name,
        transparent=(data / f"records/{name}.cose").read_bytes(),
        leaves=cbor2.loads((data / f"records/{name}.fields.cbor").read_bytes()),
        disclosure=disclosure.read_bytes() if disclosure.exists() else None,
        proofs=[
            (path.name, path.read_bytes())
            for path in sorted((data / "proofs").glob(f"{name}.*.tlog-proof"))
        ],
    )


def value_of(leaves, key):
    """The value under a key among the leaves `[salt, value, key]`."""
    fields = (cbor2.loads(leaf) for leaf in leaves)
    return next(field[1] for field in fields if len(field) == 3 and field[2] == key)


def from_example(folder):
    """The hand-made example of the format survey: one record in a log of 300, older names."""
    note = (folder / "log/checkpoint").read_bytes()
    pems = {name: (folder / name).read_text() for name in ("issuer.pem", "receipt-key.pem")}
    record = Record(
        name="statement",
        transparent=(folder / "transparent.cose").read_bytes(),
        leaves=[(folder / f"field{at}.cbor").read_bytes() for at in (1, 5)],
        disclosure=(folder / "disclosure.cose").read_bytes(),
        proofs=[("record.tlog-proof", (folder / "record.tlog-proof").read_bytes())],
    )
    return Material(
        records=[record],
        keys={thumbprint(pem): (name, pem) for name, pem in pems.items()},
        vkeys=read_vkeys((folder / "vkeys.txt").read_text()),
        policies={origin_of(note): (folder / "policy.txt").read_text()},
        cards=[],
        checkpoints=[
            ("log/checkpoint", note),
            ("checkpoint-256.logsigned", (folder / "checkpoint-256.logsigned").read_bytes()),
        ],
        logs={origin_of(note): str(folder / "log")},
        bag=None,
        named_by_hash=False,
    )


def read_vkeys(text):
    lines = (line.strip() for line in text.splitlines())
    return [aics_note.parse_vkey(line) for line in lines if line and not line.startswith("#")]


def origin_of(note):
    return note.split(b"\n", 1)[0].decode()


def raw_key(pem):
    body = "".join(line for line in pem.splitlines() if "-----" not in line)
    return base64.b64decode(body)[-32:]


def pem_of(key):
    """The PEM that openssl reads, written by the package cryptography."""
    public = ed25519.Ed25519PublicKey.from_public_bytes(key)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, form).decode()


def thumbprint(pem):
    """RFC 9679: SHA-256 over the deterministic COSE key {1: 1, -1: 6, -2: x}."""
    return hashlib.sha256(bytes.fromhex("a3010120062158 20") + raw_key(pem)).digest()


# --- the tally ------------------------------------------------------------------------------


class Tally:
    def __init__(self):
        self.ok = collections.Counter()
        self.failed = 0

    @contextlib.contextmanager
    def check(self, tool, what):
        """Whatever goes wrong inside is the tool's refusal."""
        try:
            yield
        except Exception as error:  # the tools raise their own kinds
            self.failed += 1
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            print(f"FAIL {tool}: {what} ({why})")
        else:
            self.ok[tool] += 1
            print(f"ok {tool}: {what}")

    @contextlib.contextmanager
    def reading(self, what):
        """Material that cannot even be read fails too, without a line when all is well."""
        try:
            yield
        except Exception as error:  # the parsers raise their own kinds
            self.failed += 1
            print(f"FAIL reading: {what} ({type(error).__name__}: {error})")


def must(condition, why):
    if not condition:
        raise AssertionError(why)


def refused(action):
    """True when the tool raises or says no: used with bytes that were changed on purpose."""
    try:
        return not action()
    except Exception:  # any refusal is right here
        return True


# --- records --------------------------------------------------------------------------------


def check_record(tally, material, record):
    header = record.header()
    issuer = header[CLAIMS][ISS]
    name, pem = material.keys.get(header[KID], ("", None))
    entry = record.statement()
    label = f"record {record.name[:16]}"
    with tally.check("cwt", f"{label} is signed by {issuer}"):
        must(pem, f"no key with kid {header[KID].hex()} in the pack")
        if material.named_by_hash:
            authority = issuer.removeprefix("https://")
            must(name.startswith(f"{authority}."), f"the key {name} is not one of {authority}")
        payload = decode(record.transparent, pem, header[KID])
        must(len(payload) == 32, "the payload is not a field root")
        must(refused(lambda: decode(flipped(record.transparent), pem, header[KID])), "accepts a changed signature")
    if not pem:
        return
    with tally.check("scitt-cose", f"{label} is a signed statement"):
        parsed = scitt_cose.parse_signed_statement(entry, public_key_pem=pem)
        must(parsed["signature_verified"] is True, "signature refused")
        must(parsed["issuer"] == issuer and parsed["subject"], "claims missing")
        if material.named_by_hash:
            must(hashlib.sha256(entry).hexdigest() == record.name, "the file is named by another hash")
    check_fields(tally, record, pem, label)
    check_receipts(tally, material, record, entry, label)


def decode(message, pem, kid):
    cose = cwt.COSE.new(alg_auto_inclusion=False, kid_auto_inclusion=False)
    return cose.decode(message, cwt.COSEKey.from_pem(pem, kid=kid))


def flipped(message):
    return message[:-1] + bytes([message[-1] ^ 1])


def check_fields(tally, record, pem, label):
    """All fields give the signed root; some fields each carry their path to it."""
    root = cbor2.loads(record.transparent).value[2].hex()
    leaves = [leaf.hex() for leaf in record.leaves]
    with tally.check("scitt-cose", f"{label}: {len(leaves)} fields lead to the signed root"):
        must(leaves, "no fields")
        if record.disclosure is None:
            must(scitt_cose.merkle_root(leaves) == root, "another root")
            return
        proofs = cbor2.loads(record.disclosure).value[1][PROOFS][INCLUSION]
        must(len(proofs) == len(leaves), "proofs and fields do not match")
        for leaf, proof in zip(leaves, proofs):
            size, index, path = cbor2.loads(proof)
            path = [node.hex() for node in path]
            must(scitt_cose.verify_inclusion(leaf, index, size, path, root), f"field {index}")
            one = with_one_proof(record.disclosure, proof)
            verdict = scitt_cose.verify_receipt(one, leaf_entry_hex=leaf, log_public_key_pem=pem)
            must(verdict.ok and verdict.root == root, f"field {index}: {verdict.errors}")


def with_one_proof(disclosure, proof):
    """scitt-cose reads one leaf a message: the same signed bytes with the proof of that leaf."""
    outer = cbor2.loads(disclosure)
    protected, _, payload, signature = outer.value
    unprotected = {PROOFS: {INCLUSION: [proof]}}
    return cbor2.dumps(cbor2.CBORTag(outer.tag, [protected, unprotected, payload, signature]))


def check_receipts(tally, material, record, entry, label):
    receipts = scitt_cose.extract_receipts(record.transparent)
    with tally.check("scitt-cose", f"{label} carries {len(receipts)} receipt(s)"):
        must(receipts, "no receipt")
    for receipt in receipts:
        protected = cbor2.loads(cbor2.loads(receipt).value[0])
        origin = protected[CLAIMS][ISS]
        verdict = None
        with tally.check("scitt-cose", f"{label}: receipt of {origin}"):
            name, pem = material.keys.get(protected[KID], (None, None))
            must(pem, f"no key with kid {protected[KID].hex()} in the pack")
            must(not material.named_by_hash or name.startswith(f"{origin.split('/')[0]}."), f"foreign key {name}")
            verdict = scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=pem)
            must(verdict.ok, verdict.errors)
            must(verdict.subject == origin, "the subject is not the origin")
            other = flipped(entry).hex()
            must(not scitt_cose.verify_receipt(receipt, leaf_entry_hex=other, log_public_key_pem=pem).ok,
                 "accepts another statement")
        if verdict is not None and verdict.ok and origin in material.logs:
            check_against_tiles(tally, material.logs[origin], origin, verdict, entry, label)


def check_against_tiles(tally, folder, origin, verdict, entry, label):
    """The tree of the receipt is a beginning of the tree that the log publishes."""
    with tally.check("aics-tlog", f"{label}: receipt at {verdict.leaf_index} of {verdict.tree_size} agrees with the tiles of {origin}"):
        current = aics_checkpoint.parse_checkpoint(note_text(read_checkpoint(folder)))
        reader = aics_verified.VerifiedTileReader(
            aics_tiles.FileSystemTileReader(folder), current.size, current.root
        )
        must(verdict.tree_size <= current.size, "the published log is shorter than the receipt says")
        root = bytes.fromhex(verdict.root)
        must(aics_tiles.tree_root_from_tiles(reader, verdict.tree_size, current.size) == root, "another root")
        proof = aics_tiles.consistency_proof_from_tiles(reader, verdict.tree_size, current.size, current.size)
        must(aics_tree.verify_consistency(verdict.tree_size, current.size, root, current.root, proof),
             "not consistent")
        must(reader.entry(verdict.leaf_index) == entry, "the log holds another entry there")


def check_card(tally, material, authority, statement, leaves):
    """The card is signed by the root key that it names, and the key files are those of the cards."""
    root = value_of(leaves, "root_key")
    with tally.check("cwt", f"the card of {authority} is signed by its root key"):
        payload = decode(statement, pem_of(root), thumbprint(pem_of(root)))
        must(payload.hex() == scitt_cose.merkle_root([leaf.hex() for leaf in leaves]), "other fields")
        must(value_of(leaves, "authority") == authority, "of another authority")
        listed = set()
        for name, _, one in material.cards:
            if name == authority:
                listed |= {key["key"] for key in value_of(one, "record_keys")}
                listed |= {value_of(one, "receipt_key"), value_of(one, "root_key")}
        files = [pem for name, pem in material.keys.values() if name.startswith(f"{authority}.")]
        must({raw_key(pem) for pem in files} == listed, "the key files are not those of the card")
        vkeys = [*value_of(leaves, "log_vkeys"), value_of(leaves, "witness_vkey")]
        must(all(aics_note.parse_vkey(text) in material.vkeys for text in vkeys), "other vkeys")


# --- checkpoints and proofs -----------------------------------------------------------------


def check_note(tally, material, what, note, cosigned):
    origin = origin_of(note)
    log_key = next((key for key in material.vkeys if key.name == origin and key.key_type == LOG_KEY), None)
    parsed = aics_note.parse_note(note)
    quorum, witnesses = quorum_for(material, origin) if cosigned else (0, [])
    with tally.check("aics-tlog", f"{what}: signed by {origin}, {quorum} or more cosignatures"):
        must(log_key, f"no vkey for {origin}")
        verdict = aics_checkpoint.verify_checkpoint(
            parsed, log_key, witnesses, quorum, expected_origin=origin
        )
        must(verdict.ok, verdict.error)
        must(len(set(verdict.witnesses)) >= quorum, "too few witnesses")
    with tally.check("openssl", f"{what}: Ed25519 signature of {origin}"):
        pem = pem_of(log_key.public_key)
        line = next(s for s in parsed.signatures if s.name == origin and s.key_id == log_key.key_id)
        text = parsed.text.encode()
        must(openssl_verifies(pem, text, line.signature), "signature refused")
        must(not openssl_verifies(pem, text.replace(b"\n", b" ", 1), line.signature), "accepts another text")


def quorum_for(material, origin):
    """The policy's quorum, over the witnesses that are not the log's own authority."""
    own = origin.split("/")[0]
    known = {key.name: key for key in material.vkeys if key.key_type == WITNESS_KEY}
    logs, witnesses, groups, quorum = [], {}, {}, None
    must(origin in material.policies, f"no policy for {origin}")
    for line in material.policies[origin].splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["log"]:
            logs.append(aics_note.parse_vkey(words[1]))
        elif words[:1] == ["witness"]:
            witnesses[words[1]] = aics_note.parse_vkey(words[2])
        elif words[:1] == ["group"]:
            members = words[3:]
            count = {"any": 1, "all": len(members)}.get(words[2]) or int(words[2])
            groups[words[1]] = (count, members)
        elif words[:1] == ["quorum"]:
            quorum = words[1]
    must(quorum is not None, "the policy has no quorum line")
    listed = [key for key in material.vkeys if key.name == origin and key.key_type == LOG_KEY]
    must(listed and all(key in logs for key in listed), f"the policy does not name the key of {origin}")
    count, members = groups.get(quorum, (1, [quorum]))
    if quorum == "none":
        return 0, []
    must(all(member in witnesses for member in members), "nested groups are beyond this script")
    keys = [witnesses[member] for member in members if witnesses[member].name.split("/")[0] != own]
    for key in keys:
        must(known.get(key.name) == key, f"{key.name}: policy and vkeys differ")
    return count, keys


def check_proof(tally, material, entry, name, proof):
    index, path, note = parse_proof(proof)
    origin, head = origin_of(note), aics_checkpoint.parse_checkpoint(note_text(note))
    label = f"proof {name[:16]}… in {origin}"
    with tally.check("aics-tlog", f"{label}: entry {index} of {head.size}"):
        must(aics_tree.verify_leaf_inclusion(entry, index, head.size, path, head.root), "not included")
        must(not aics_tree.verify_leaf_inclusion(flipped(entry), index, head.size, path, head.root),
             "accepts another entry")
    check_note(tally, material, label, note, cosigned=True)
    if origin in material.logs:
        with tally.check("tlog-tiles", f"{label}: gen-proof gives the same {len(proof)} bytes"):
            must(gen_proof(material.logs[origin], note, index) == proof, "other bytes")


def parse_proof(proof):
    must(proof.startswith(PROOF_HEAD), "not a tlog-proof")
    head, note = proof[len(PROOF_HEAD):].split(b"\n\n", 1)
    lines = head.decode().split("\n")
    must(lines[0].startswith("index "), "no index")
    return int(lines[0][6:]), [base64.b64decode(line, validate=True) for line in lines[1:]], note


def note_text(note):
    return note.rsplit(b"\n\n", 1)[0].decode() + "\n"


def gen_proof(location, note, index):
    """tlog-tiles reads `checkpoint` beside the tiles: give it the one that the proof is for."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "checkpoint").write_bytes(note)
        os.symlink(os.path.abspath(os.path.join(location, "tile")), os.path.join(folder, "tile"))
        return run([tool("tlog-tiles"), "gen-proof", folder, str(index)]).stdout


def tool(name):
    """A console script of the environment that this script runs in."""
    return str(pathlib.Path(sys.executable).parent / name)


def openssl_verifies(pem, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, content in (("key", pem.encode()), ("message", message), ("signature", signature)):
            paths.append(pathlib.Path(folder, name))
            paths[-1].write_bytes(content)
        key, text, sig = map(str, paths)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", text, "-sigfile", sig]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def run(command, **more):
    done = subprocess.run(command, capture_output=True, check=False, **more)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise AssertionError(f"{command[0]} says: {said[-1] if said else done.returncode}")
    return done


# --- logs and bag ---------------------------------------------------------------------------


def check_log(tally, material, origin, folder):
    note = read_checkpoint(folder)
    check_note(tally, material, f"published checkpoint of {origin}", note, cosigned=False)
    head = aics_checkpoint.parse_checkpoint(note_text(note))
    with tally.check("aics-tlog", f"every tile and entry of {origin} ({head.size}) leads to its root"):
        must(origin_of(note) == origin, f"the log calls itself {origin_of(note)}")
        aics_verified.audit_tiles(aics_tiles.FileSystemTileReader(folder), head.size, head.root)
    with tally.check("tlog-tiles", f"get-leaf --check of the first and last entry of {origin}"):
        for index in ("0", "-1"):
            must(run([tool("tlog-tiles"), "get-leaf", "--check", os.path.abspath(folder), index]).stdout, "no entry")
    with tally.check("scitt-cose", f"every entry of {origin} is a statement"):
        reader = aics_tiles.FileSystemTileReader(folder)
        for index in range(head.size) if material.named_by_hash else ():
            entry = aics_tiles.read_entry(reader, index, head.size)
            parsed = scitt_cose.parse_signed_statement(entry)
            must(parsed["unverified"], f"entry {index} is not COSE_Sign1")
    for name, older in material.checkpoints:
        if origin_of(older) == origin:
            check_growth(tally, folder, name, older, head)


def check_growth(tally, folder, name, older, head):
    with tally.check("aics-tlog", f"{name} is a beginning of the published log"):
        past = aics_checkpoint.parse_checkpoint(note_text(older))
        must(past.size <= head.size, "the published log is shorter")
        reader = aics_tiles.FileSystemTileReader(folder)
        proof = aics_tiles.consistency_proof_from_tiles(reader, past.size, head.size)
        must(aics_tree.verify_consistency(past.size, head.size, past.root, head.root, proof), "not consistent")


def read_checkpoint(folder):
    return pathlib.Path(folder, "checkpoint").read_bytes()


def local_log(location, into):
    """A folder as it is; a URL is copied: the tiles and bundles of its current checkpoint."""
    if not location.startswith(("http://", "https://")):
        return location
    into.mkdir(parents=True)
    fetch(location, "checkpoint", into)
    size = aics_checkpoint.parse_checkpoint(note_text(read_checkpoint(into))).size
    level = 0
    while size >> (8 * level):
        count = size >> (8 * level)
        for n in range(-(-count // 256)):
            width = None if (n + 1) * 256 <= count else count - n * 256
            fetch(location, aics_tiles.tile_path(level, n, width), into)
            if level == 0:
                fetch(location, aics_tiles.entry_bundle_path(n, width), into)
        level += 1
    return str(into)


def fetch(location, path, into):
    target = into / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(f"{location.rstrip('/')}/{path}", timeout=20) as answer:
        target.write_bytes(answer.read())


def check_bag(tally, bag):
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        with tally.check("sha256sum", f"{manifest} of the bag"):
            run(["sha256sum", "--check", "--strict", "--quiet", manifest], cwd=bag)
    with tally.check("sha256sum", "the manifest names every file"):
        named = {
            line.split("  ", 1)[1] for line in (bag / "manifest-sha256.txt").read_text().splitlines()
        }
        found = {str(path.relative_to(bag)) for path in (bag / "data").rglob("*") if path.is_file()}
        must(named == found, f"differs in {sorted(named ^ found)[:3]}")
    with tally.check("sha256sum", "every evidence file is named by its digest"):
        for path in (bag / "data/evidence").glob("*"):
            if path.name != "withheld.txt":
                digest = run(["sha256sum", str(path)]).stdout.split()[0].decode()
                must(path.name.split(".")[0] == digest, path.name)


# --- all of it ------------------------------------------------------------------------------


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    source = arguments.add_mutually_exclusive_group(required=True)
    source.add_argument("--pack", type=pathlib.Path, metavar="FOLDER")
    source.add_argument("--example", type=pathlib.Path, metavar="FOLDER")
    arguments.add_argument("--log", action="append", default=[], metavar="ORIGIN=FOLDER_OR_URL")
    arguments = arguments.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch, tally.reading("the material as a whole"):
        logs = {}
        for at, given in enumerate(arguments.log):
            origin, location = given.split("=", 1)
            logs[origin] = local_log(location, pathlib.Path(scratch, str(at)))
        if arguments.pack:
            material = from_pack(arguments.pack, logs)
        else:
            material = from_example(arguments.example)
        sys.exit(verify(tally, material))
    sys.exit(1)


def verify(tally, material):
    if material.bag:
        with tally.reading("bag"):
            check_bag(tally, material.bag)
    for authority, statement, leaves in material.cards:
        with tally.reading(f"card of {authority}"):
            check_card(tally, material, authority, statement, leaves)
    for record in material.records:
        with tally.reading(f"record {record.name[:16]}"):
            check_record(tally, material, record)
        for name, proof in record.proofs:
            with tally.reading(f"proof {name}"):
                check_proof(tally, material, record.statement(), name, proof)
    for name, note in material.checkpoints:
        with tally.reading(name):
            check_note(tally, material, name, note, cosigned=not name.endswith(".logsigned"))
    for origin, folder in material.logs.items():
        with tally.reading(f"log {origin}"):
            check_log(tally, material, origin, folder)
    total = sum(tally.ok.values())
    print(f"{total} ok, {tally.failed} failed: " + ", ".join(f"{t} {n}" for t, n in sorted(tally.ok.items())))
    if tally.failed:
        return 1
    short = {t: n for t, n in expected(material).items() if tally.ok[t] < n}
    for name, wanted in short.items():
        print(f"FAIL {name}: {tally.ok[name]} checks ran, at least {wanted} expected")
    return 2 if short else 0


def expected(material):
    """The least number of checks a tool must have done; a pack without the material is refused too."""
    records = max(1, len(material.records))
    proofs = max(records, sum(len(record.proofs) for record in material.records))
    checkpoints = max(1, len(material.checkpoints))
    logs = max(1, len(material.logs))
    return {
        "cwt": records + (max(1, len(material.cards)) if material.bag else 0),
        "scitt-cose": records * 3 + logs,
        "aics-tlog": proofs * 2 + checkpoints + logs * 2,
        "openssl": proofs + checkpoints + logs,
        "tlog-tiles": 1 + logs,
        "sha256sum": 4 if material.bag else 0,
    }


if __name__ == "__main__":
    main()
