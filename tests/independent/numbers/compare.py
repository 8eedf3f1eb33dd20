"""compare.py PROGRAM: generates numbers, asks the program and python-stdnum, and fails on any difference.

The numbers come from a fixed seed. About half of each kind are built to be valid, the others are such
numbers with something broken. Where the library has no function for a kind, its rule is written here a
second time, from the description of the number and with the library's parts.
"""

import random
import string
import subprocess
import sys
from collections import Counter

from stdnum import iban, iso6346, numdb
from stdnum.bg import egn, pnf, vat
from stdnum.eu import vat as eu_vat
from stdnum.sk import rc

NUMBERS_PER_KIND = 10_000
SEED = 20_251_121
DIFFERENCES_SHOWN = 20

chance = random.Random(SEED)


def digits(count):
    return "".join(chance.choice(string.digits) for _ in range(count))


def letters(count):
    return "".join(chance.choice(string.ascii_uppercase) for _ in range(count))


def either(count):
    return "".join(chance.choice(string.ascii_uppercase + string.digits) for _ in range(count))


def broken(number):
    """One thing is wrong with it, or, where chance has it, nothing."""
    at = chance.randrange(len(number))
    how = chance.randrange(5)
    if how == 0:
        return number[:at] + chance.choice(string.digits) + number[at + 1 :]
    if how == 1:
        return number[:at] + number[at + 1 :]
    if how == 2:
        return number[:at] + chance.choice(string.digits + string.ascii_uppercase) + number[at:]
    if how == 3 and at:
        return number[: at - 1] + number[at] + number[at - 1] + number[at + 1 :]
    return number[:at] + chance.choice(string.ascii_uppercase) + number[at + 1 :]


def printed(number):
    """As people write it: with blanks, dots, dashes, or small letters."""
    how = chance.randrange(6)
    if how == 0:
        return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    if how == 1:
        return number.lower()
    return number


# How a valid number of each kind is built.


def a_company():
    while True:
        body = digits(8)
        number = body + vat.calc_check_digit_legal(body)
        if vat.is_valid(number):
            return number


def a_branch():
    number = a_company() + digits(3)
    return number + branch_digit(number)


def branch_digit(number):
    """Described for the register of companies; the library does not know branches."""
    last = [int(digit) for digit in number[8:12]]
    for weights in ((2, 7, 3, 5), (4, 9, 5, 7)):
        rest = sum(digit * weight for digit, weight in zip(last, weights)) % 11
        if rest < 10:
            return str(rest)
    return "0"


def a_citizen():
    month = chance.choice((0, 20, 40)) + chance.randint(1, 12)
    # Days that do not exist are among them.
    body = f"{chance.randint(0, 99):02}{month:02}{chance.randint(1, 31):02}" + digits(3)
    return body + egn.calc_check_digit(body)


def a_foreigner():
    body = digits(9)
    return body + pnf.calc_check_digit(body)


def another():
    body = digits(9)
    # The library's answer for a remainder of ten has two digits, so those have no valid number.
    return body + vat.calc_check_digit_other(body)[-1]


def a_bulgarian_vat():
    return "BG" + chance.choice((a_company, a_citizen, a_foreigner, another))()



def iban_structure(country):
    info = dict(numdb.get("iban").info(country + "00")[0][1])
    return info.get("bban")


def an_iban():
    country = chance.choice(IBANS)
    body = ""
    for part in iban_structure(country).replace("!", "").strip().split("|"):
        count = ""
        for c in part:
            if c.isdigit():
                count += c
            else:
                body += {"n": digits, "a": letters, "c": either}[c](int(count))
                count = ""
    number = country + "00" + body
    return country + iban.calc_check_digits(number) + body


IBANS = sorted(
    first + second
    for first in string.ascii_uppercase
    for second in string.ascii_uppercase
    if (found := numdb.get("iban").info(first + second)) and found[0][1].get("bban")
)


def a_customs_number():
    body = digits(2) + chance.choice(("BG", "DE", "IT", "GR", "RO", "TR", "XI")) + either(13)
    return body + iso6346.calc_check_digit(body)


# Lengths of the numbers of the member states, with `d` for a digit and `c` for either; the library says
# which of them are valid.
EU_FORMS = {
    "AT": ["Udddddddd"],
    "BE": ["0ddddddddd", "1ddddddddd"],
    "CY": ["ddddddddL"],
    "CZ": ["dddddddd"],
    "DE": ["ddddddddd"],
    "DK": ["dddddddd"],
    "EE": ["ddddddddd"],
    "EL": ["ddddddddd"],
    "ES": ["Lddddddd" + "d", "Lddddddd" + "L", "ddddddddL"],
    "FI": ["dddddddd"],
    "FR": ["ddddddddddd"],
    "HR": ["ddddddddddd"],
    "HU": ["dddddddd"],
    "IE": ["dddddddL", "ddddddd" + "LL", "dLdddddL"],
    "IT": ["ddddddddddd"],
    "LT": ["ddddddddd", "dddddddddddd"],
    "LU": ["dddddddd"],
    "LV": ["ddddddddddd"],
    "MT": ["dddddddd"],
    "NL": ["dddddddddBdd"],
    "PL": ["dddddddddd"],
    "PT": ["ddddddddd"],
    "RO": ["d" * count for count in range(2, 11)],
    "SE": ["dddddddddd01"],
    "SI": ["dddddddd"],
    "SK": ["dddddddddd"],
    "XI": ["ddddddddd", "dddddddddddd", "GDddd", "HAddd"],
}
TRIES_MAX = 5_000


def a_vat_number_of_the_union():
    country = chance.choice(sorted(EU_FORMS))
    form = chance.choice(EU_FORMS[country])
    for _ in range(TRIES_MAX):
        number = "".join({"d": digits, "L": letters}.get(c, lambda _, c=c: c)(1) for c in form)
        if eu_valid(country + number):
            break
    return country + number


# What the library says.


def eu_valid(number):
    return eu_vat.is_valid(number) and not eu_differs_on_purpose(number)


def eu_differs_on_purpose(number):
    """Numbers that the library takes and the product does not, each with its reason."""
    number = "".join(number.split()).upper()
    country, rest = number[:2], number[2:]
    # What is left over of 97 is between 1 and 97; the library also takes 98 and 99 for 1 and 2.
    belgian = country == "BE" and rest[-2:] in ("98", "99", "00")
    # Birth numbers of people: the tax office gives out numbers that eleven divides, also to people.
    slovak = country == "SK" and rc.is_valid(rest)
    # The library puts back leading zeros that were left out; a missing digit is as often a misread one.
    short = len(rest) < {"BE": 10, "EL": 9, "NL": 12}.get(country, 0)
    return belgian or slovak or short


def expected(kind, number):
    number = "".join(number.split()).upper()
    if kind == "eik":
        return len(number) == 9 and vat.is_valid(number)
    if kind == "eik_branch":
        parent = number[:9]
        return (
            len(number) == 13
            and number.isdigit()
            and vat.is_valid(parent)
            and number[12] == branch_digit(number)
        )
    if kind == "egn":
        return egn.is_valid(number)
    if kind == "lnch":
        return pnf.is_valid(number)
    if kind == "other_number":
        return len(number) == 10 and number.isdigit() and vat.calc_check_digit_other(number[:9]) == number[9]
    if kind == "bg_vat":
        # The library takes a number without its prefix; such numbers are not generated.
        return number.startswith("BG") and vat.is_valid(number)
    if kind == "iban":
        # National check digits inside the account are a matter of each bank, so they stay out.
        # The two check digits are digits; the library also takes letters where the sum fits.
        return iban.is_valid(number, check_country=False) and number[2:4].isdigit()
    if kind == "mrn":
        shape = len(number) == 18 and number.isascii() and number.isalnum()
        return (
            shape
            and number[:2].isdigit()
            and number[2:4].isalpha()
            and iso6346.calc_check_digit(number[:17]) == number[17]
        )
    return eu_valid(number)


KINDS = {
    "eik": a_company,
    "eik_branch": a_branch,
    "egn": a_citizen,
    "lnch": a_foreigner,
    "other_number": another,
    "bg_vat": a_bulgarian_vat,
    "iban": an_iban,
    "mrn": a_customs_number,
    "eu_vat": a_vat_number_of_the_union,
}


def main(program):
    cases = []
    for kind, build in KINDS.items():
        for count in range(NUMBERS_PER_KIND):
            number = build()
            number = broken(number) if count % 2 else number
            cases.append((kind, printed(number)))
    told = subprocess.run(
        [program], input="".join(f"{kind}\t{number}\n" for kind, number in cases), text=True,
        stdout=subprocess.PIPE, check=True,
    ).stdout.splitlines()
    if len(told) != len(cases):
        sys.exit(f"{len(cases)} numbers were asked about, {len(told)} answers came")
    counts, differences = Counter(), []
    for (kind, number), answer in zip(cases, told):
        found, said = answer.split("\t")
        wanted = expected(kind, number)
        counts[kind, "valid" if wanted else "invalid"] += 1
        if said == "shape":
            counts[kind, "without check digit"] += 1
            agree = kind == "eu_vat" and shape_is_enough(number)
        else:
            agree = (said == "yes") == wanted
        if not agree:
            differences.append(f"{kind}: `{number}` is {'valid' if wanted else 'invalid'}, the product says {said}")
    for kind in KINDS:
        parts = [f"{counts[kind, word]} {word}" for word in ("valid", "invalid", "without check digit") if counts[kind, word]]
        print(f"{kind:13} {NUMBERS_PER_KIND} numbers: {', '.join(parts)}")
    for difference in differences[:DIFFERENCES_SHOWN]:
        print(difference)
    print(f"{len(differences)} differences")
    sys.exit(1 if differences else 0)


def shape_is_enough(number):
    """Numbers whose check digits the product does not know: Spanish ones, French ones with letters in the
    key, Czech and Latvian ones of people, and those of British authorities."""
    number = "".join(number.split()).upper()
    country, rest = number[:2], number[2:]
    return (
        country == "ES"
        or country == "FR" and not rest.isdigit()
        or country == "CZ" and len(rest) > 8
        or country == "LV" and rest[0] in "0123"
        or country == "XI" and rest[:2] in ("GD", "HA")
    )


main(sys.argv[1])
