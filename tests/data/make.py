#!/usr/bin/env python3
"""Makes declarations.csv, manifest.csv and the evidence texts of the demo; not the reference tables.

    python3 make.py                        from hs.csv and ports.csv, always the same bytes
    python3 make.py --ports ports.geojson  also rewrites ports.csv from the PyPI package searoute

Everything is invented but the HS codes, the UN/LOCODEs, the port names and the coordinates.
"""

import argparse
import csv
import datetime
import json
import pathlib
import random
import statistics

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20261101
ROWS = 300
FIRST_DAY = datetime.date(2026, 8, 3)
DAYS = 77

COLUMNS = [
    "Declaration ID", "Date", "Office ID", "Process Type", "Import Type", "Import Use",
    "Payment Type", "Mode of Transport", "Declarant ID", "Importer ID", "Seller ID",
    "Courier ID", "HS6 Code", "Country of Departure", "Country of Origin", "Tax Rate",
    "Tax Type", "Country of Origin Indicator", "Net Mass", "Item Price", "Fraud",
    "Critical Fraud",
]
MANIFEST = [
    "declaration_id", "container", "bill_of_lading", "vessel", "vessel_imo",
    "port_of_loading", "port_of_discharge", "mrn", "hs6", "goods_as_declared",
]
PORTS = (
    "NLRTM BEANR DEHAM DEBRV FRLEH GBFXT ESVLC ESALG ITGOA ITTRS GRPIR SIKOP TRMER TRIST EGPSD "
    "EGALY DJJIB AEJEA OMSLL INNSA INMUN LKCMB PKKHI BDCGP THLCH VNSGN VNHPH SGSIN MYPKG MYTPP "
    "IDJKT PHMNL HKHKG CNSHA CNNGB CNSZX CNTAO CNXMN TWKHH KRPUS JPYOK JPTYO AUSYD AUMEL NZAKL "
    "USLAX USNYC USSAV USHOU PABLB COCTG ECGYE PECLL CLVAP BRSSZ ARBUE ZADUR KEMBA TZDAR GHTEM "
    "MATNG PLGDN ROCND MTMAR"
).split()
DISCHARGE = ["NLRTM", "BEANR", "DEHAM", "GRPIR", "ITTRS", "SIKOP"]
VESSELS = ["Northern Heron", "Amber Tern", "Quiet Meridian", "Salt Harrier", "Blue Lantern"]
OWNERS = ["XQKU", "XVNU", "XZRU"]

# hs.csv has EUR; declarations are in KRW, the currency of the public data set whose layout this is.
KRW_PER_EUR = 1500

# The consignment that the demo follows: cigarettes declared as tiles.
STAR = {"hs6": "690721", "mass": 9860.0, "price_per_kg": 0.06, "loading": "AEJEA", "discharge": "GRPIR"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--ports", type=pathlib.Path, metavar="GEOJSON")
    arguments = arguments.parse_args()
    if arguments.ports:
        write_ports(arguments.ports)
    rng = random.Random(SEED)
    codes = read("hs.csv")
    ports = {row["locode"]: row for row in read("ports.csv")}
    rows = declarations(rng, codes, ports)
    star = check(rows)
    manifest = manifests(rng, rows, codes, ports)
    write("declarations.csv", COLUMNS, rows)
    write("manifest.csv", MANIFEST, manifest)
    evidence(star, next(line for line in manifest if line["declaration_id"] == star["Declaration ID"]))
    fraud = sum(row["Fraud"] == "1" for row in rows)
    print(f"{len(rows)} declarations, {fraud} suspicious, star {star['Declaration ID']}")


def declarations(rng, codes, ports):
    """Rows in the order of their dates, the star among them."""
    traders = {
        "declarant": [name(rng) for _ in range(24)],
        "importer": [name(rng) for _ in range(90)],
        "seller": [name(rng) for _ in range(80)],
    }
    weights = [int(code["weight"]) for code in codes]
    days = sorted(FIRST_DAY + datetime.timedelta(days=rng.randrange(DAYS)) for _ in range(ROWS))
    abroad = [locode for locode in ports if locode not in DISCHARGE]
    suspicious = set(rng.sample(range(ROWS), 19))
    star = next(at for at in range(ROWS * 3 // 4, ROWS) if at not in suspicious)
    by_hs = {code["hs6"]: code for code in codes}
    ids = rng.sample(range(10_000_000, 99_999_999), ROWS)
    rows = []
    for at, day in enumerate(days):
        code = rng.choices(codes, weights)[0]
        loading = ports[rng.choice(abroad)]
        fraud = at in suspicious
        if at == star:
            code, loading = by_hs[STAR["hs6"]], ports[STAR["loading"]]
        row = declaration(rng, ids[at], day, code, loading, traders, fraud)
        if at == star:
            become_the_star(rng, row)
        rows.append(row)
    return rows


def declaration(rng, id, day, code, loading, traders, fraud):
    mass = float(code["mass_kg"]) * rng.choice([0.25, 0.5, 1, 1, 1, 2]) * rng.uniform(0.9, 1.05)
    per_kg = float(code["price_per_kg"]) * rng.lognormvariate(0, 0.13)
    critical = fraud and rng.random() < 0.3
    if fraud:
        per_kg *= rng.uniform(0.32, 0.55)
    country = loading["locode"][:2]
    origin = country if rng.random() < 0.85 else rng.choice(["CN", "IN", "TR", "VN", "BD"])
    air = mass < 2500 and rng.random() < 0.6
    return {
        "Declaration ID": str(id),
        "Date": day.isoformat(),
        "Office ID": rng.choice(["10", "10", "20", "30", "41"]),
        "Process Type": "B",
        "Import Type": rng.choice(["11"] * 9 + ["87"]),
        "Import Use": rng.choice(["21"] * 9 + ["11"]),
        "Payment Type": rng.choice(["11", "11", "11", "43"]),
        "Mode of Transport": "40" if air else "10",
        "Declarant ID": rng.choice(traders["declarant"]),
        "Importer ID": rng.choice(traders["importer"]),
        "Seller ID": rng.choice(traders["seller"]),
        "Courier ID": rng.choice(traders["declarant"]) if air else "",
        "HS6 Code": code["hs6"],
        "Country of Departure": country,
        "Country of Origin": origin,
        "Tax Rate": code["duty_rate"],
        "Tax Type": "A" if float(code["duty_rate"]) else "F",
        "Country of Origin Indicator": rng.choice("EYGB"),
        "Net Mass": f"{mass:.1f}",
        "Item Price": f"{mass * per_kg * KRW_PER_EUR:.2f}",
        "Fraud": str(int(fraud)),
        "Critical Fraud": str(int(fraud) + int(critical)),
    }


def become_the_star(rng, row):
    """A full container that weighs like cigarettes, priced like rubble, by an importer seen once."""
    row.update({
        "Importer ID": name(rng),
        "Seller ID": name(rng),
        "Mode of Transport": "10",
        "Courier ID": "",
        "Country of Origin": STAR["loading"][:2],
        "Net Mass": f"{STAR['mass']:.1f}",
        "Item Price": f"{STAR['mass'] * STAR['price_per_kg'] * KRW_PER_EUR:.2f}",
        "Fraud": "1",
        "Critical Fraud": "2",
    })


def check(rows):
    """The star must stand out by itself: farthest below the median price per kg of its code."""
    by_code = {}
    for row in rows:
        by_code.setdefault(row["HS6 Code"], []).append(per_kg(row))
    ratio = {
        row["Declaration ID"]: per_kg(row) / statistics.median(by_code[row["HS6 Code"]])
        for row in rows
        if len(by_code[row["HS6 Code"]]) >= 4
    }
    lowest = min(ratio, key=ratio.get)
    star = next(row for row in rows if row["Declaration ID"] == lowest)
    assert star["HS6 Code"] == STAR["hs6"] and star["Net Mass"] == f"{STAR['mass']:.1f}"
    assert sorted(ratio.values())[1] > 1.5 * ratio[lowest], "the star does not stand out"
    return star


def per_kg(row):
    return float(row["Item Price"]) / float(row["Net Mass"])


def manifests(rng, rows, codes, ports):
    """Transport papers of the suspicious consignments."""
    words = {code["hs6"]: code["description"] for code in codes}
    fleet = {vessel: imo(f"9{rng.randrange(10**5):05}") for vessel in VESSELS}
    lines = []
    for row in rows:
        if row["Fraud"] != "1":
            continue
        vessel = rng.choice(VESSELS)
        country = row["Country of Departure"]
        loading = [locode for locode in ports if locode[:2] == country]
        discharge = [locode for locode in DISCHARGE if locode[:2] != country]
        star = row["Critical Fraud"] == "2" and row["Net Mass"] == f"{STAR['mass']:.1f}"
        lines.append({
            "declaration_id": row["Declaration ID"],
            "container": container(rng.choice(OWNERS) + f"{rng.randrange(10**6):06}"),
            "bill_of_lading": f"NHL{rng.randrange(10**9):09}",
            "vessel": vessel,
            "vessel_imo": fleet[vessel],
            "port_of_loading": STAR["loading"] if star else rng.choice(loading),
            "port_of_discharge": STAR["discharge"] if star else rng.choice(discharge),
            "mrn": mrn(f"{row['Date'][2:4]}XA{row['Office ID']:0>4}{rng.randrange(10**8):08}R"),
            "hs6": row["HS6 Code"],
            "goods_as_declared": words[row["HS6 Code"]],
        })
    return lines


def letter(character):
    """0-9 as they are; A is 10 and so on, without the multiples of 11 (ISO 6346)."""
    if character.isdigit():
        return int(character)
    value = 10
    for _ in range(ord(character) - ord("A")):
        value += 2 if (value + 1) % 11 == 0 else 1
    return value


def doubling(text):
    return str(sum(letter(c) << at for at, c in enumerate(text)) % 11 % 10)


def container(ten):
    assert len(ten) == 10
    return ten + doubling(ten)


def mrn(seventeen):
    assert len(seventeen) == 17
    return seventeen + doubling(seventeen)


def imo(six):
    assert len(six) == 6
    return six + str(sum(int(c) * weight for c, weight in zip(six, range(7, 1, -1))) % 10)


def name(rng):
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(7))


def evidence(star, papers):
    """Texts that a customs officer would find with the star, filled from it."""
    facts = star | papers
    cartons, pieces = 520, 520 * 50 * 200
    folder = HERE / "evidence"
    folder.mkdir(exist_ok=True)
    (folder / "invoice.txt").write_text(INVOICE.format(f=facts), "utf-8")
    (folder / "seizure-report.txt").write_text(
        REPORT.format(f=facts, cartons=cartons, pieces=pieces), "utf-8"
    )
    packed = [
        {"line": at + 1, "marks": f"KT-{at + 1:02}", "packages": 26, "kind": "pallet",
         "goods": "Floor tiles 60x60, grey", "net_kg": f"{STAR['mass'] / 10:.1f}",
         "container": papers["container"]}
        for at in range(10)
    ]
    write("evidence/packing-list.csv", list(packed[0]), packed)


INVOICE = """\
KESTREL TRADING FZE (invented)                                  COMMERCIAL INVOICE
Free zone, unit 14, {f[port_of_loading]}

Invoice           KT-2026-0417
Date              {f[Date]}
Buyer             Halden Building Supplies, Port Street 3, XA (invented), importer {f[Importer ID]}
Seller            {f[Seller ID]}
Declaration       {f[Declaration ID]}, MRN {f[mrn]}
Container         {f[container]}
Bill of lading    {f[bill_of_lading]}, {f[vessel]} (IMO {f[vessel_imo]})
From / to         {f[port_of_loading]} / {f[port_of_discharge]}, in transit to XA

 HS 690721   Ceramic floor tiles 60x60 cm, grey, first choice
             net {f[Net Mass]} kg     total KRW {f[Item Price]}   CFR

Payment: in advance, in cash.
"""

REPORT = """\
CUSTOMS OF XA (invented)                                        SEIZURE REPORT
Container {f[container]}, bill of lading {f[bill_of_lading]}, MRN {f[mrn]}

1  Opened after a scan showed even, light blocks behind a first row of pallets.
2  Row one: 2 pallets of ceramic tiles, 410 kg. Rows two to ten: {cartons} cartons, each with
   50 sleeves of 200 cigarettes, brand "Meridian Gold" (invented), no fiscal marks.
3  Counted: {pieces} cigarettes. Declared: HS 690721, ceramic tiles, {f[Net Mass]} kg, KRW {f[Item Price]}.
4  Right code: HS 240220. Declaration {f[Declaration ID]} is false as to kind and value.
5  Seals: found XK-300417 (not that of the bill of lading), put on XA-118820 and XA-118821.
6  The sender's bank account is kept with XB; the notify party's address lies with XC.

Signed by two officers, under pseudonyms, in the case file.
"""


def write_ports(geojson):
    found = {}
    for feature in json.loads(geojson.read_text("utf-8"))["features"]:
        facts = feature["properties"]
        if facts["port"] in PORTS:
            longitude, latitude = feature["geometry"]["coordinates"]
            found.setdefault(facts["port"], {
                "locode": facts["port"], "name": facts["name"],
                "latitude": f"{latitude:.4f}", "longitude": f"{longitude:.4f}",
            })
    missing = set(PORTS) - set(found)
    assert not missing, f"not in the package: {missing}"
    rows = [found[locode] for locode in sorted(found)]
    write("ports.csv", list(rows[0]), rows)


def read(name):
    with open(HERE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(name, columns, rows):
    with open(HERE / name, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
