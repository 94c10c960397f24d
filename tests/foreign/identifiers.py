"""What python-stdnum says of identifiers; nothing is judged here.

    identifiers.py FILE   reads [[scheme, text], ...], prints [[verdict, normal form], ...]; the verdict is "valid" or
                          the name of stdnum's exception
    identifiers.py ibans  prints the form of the account number of each country: {"GB": "4!a6!n8!n", ...}
"""

import json
import sys
from importlib import resources

from stdnum import bic, bitcoin, casrn, ean, iban, imei, imo, iso6346, lei
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError
from stdnum.util import clean, isdigits


def sscc(text):
    """stdnum has the SSCC as an element of GS1-128 only, so this is its check digit of GS1 on 18 digits."""
    number = clean(text, " -").strip()
    if len(number) != 18 or not isdigits(number):
        raise InvalidLength()
    if ean.calc_check_digit(number[:-1]) != number[-1]:
        raise InvalidChecksum()
    return number


SCHEMES = {
    "bic": bic.validate,
    "cas": casrn.validate,
    "container": iso6346.validate,
    "crypto_address": bitcoin.validate,
    "gtin": ean.validate,
    # The check digits that single countries put inside of their account numbers are no part of ISO 13616.
    "iban": lambda text: iban.validate(text, check_country=False),
    "imei": imei.validate,
    "imo": imo.validate,
    "lei": lei.validate,
    "sscc": sscc,
}


def verdict(scheme, text):
    try:
        return ["valid", SCHEMES[scheme](text)]
    except ValidationError as error:
        return [type(error).__name__, ""]


def iban_forms():
    lines = resources.files("stdnum").joinpath("iban.dat").read_text(encoding="utf-8").splitlines()
    fields = [line.split('"') for line in lines if line and not line.startswith("#")]
    return {line[0].split()[0]: line[-2] for line in fields}


if __name__ == "__main__":
    if sys.argv[1] == "ibans":
        json.dump(iban_forms(), sys.stdout)
        sys.exit()
    with open(sys.argv[1], encoding="utf-8") as file:
        json.dump([verdict(scheme, text) for scheme, text in json.load(file)], sys.stdout)
