"""Writes ``data/customers.csv`` of the examples: invented Dutch and Belgian customers, a row for each order."""

from __future__ import annotations

import csv
import random
import unicodedata
from datetime import date, timedelta
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "example_dags" / "data" / "customers.csv"
ROWS = 1_000
words = str.split
FIRST_NAMES = words("""
    Aïsha Anouk Bart Bram Chloë Daan Daniël Eline Emma Fatima Fenna Finn Gaël Hanneke Ilse Jan Jeroen Joëlle Jules Karim
    Koen Lars Lieke Loïs Lotte Maïté Mees Mehmet Michaël Milan Noa Noë Noor Pieter Raphaël Renée Ruben Sanne Senna Siân
    Sofie Thijs Tess Ümit Vera Wout Yara Zoë
""")
LAST_NAMES = (
    *words("Aerts Bakker Beuving Bogaert Bos Claes Coördes Dekker Desmet Gerritsen Goossens Haverkamp Hoekstra"),
    *words("Jansen Janssens Koç Kruijf Lambrechts Maës Meijer Mertens Müller O'Brien Peeters Prinsen Şahin Smit"),
    *words("Smits Verbeke Verhoeven Vermeulen Visser Wijnants Willems Wouters Zijlstra"),
    *("de Boer", "de Vries", "D'Hondt", "den Ouden", "in 't Veld", "op 't Hof", "ten Brinke", "'t Hart"),
    *("van 't Hoff", "van den Berg", "van der Meer", "Van Damme", "von Bönninghausen", "Jansen-de Wit"),
)
# city, first digits of its postcode, area code; a Dutch postcode ends in two letters
CITIES = (
    ("Amsterdam", "1013", "020"),
    ("Utrecht", "3512", "030"),
    ("Rotterdam", "3014", "010"),
    ("'s-Hertogenbosch", "5211", "073"),
    ("'s-Gravenhage", "2511", "070"),
    ("Groningen", "9711", "050"),
    ("Sint-Oedenrode", "5491", "0413"),
    ("IJmuiden", "1971", "0255"),
    ("Hoogeveen", "7901", "0528"),
    ("Sint Annaparochie", "9076", "0518"),
    ("Oude-Tonge", "3255", "0187"),
    ("Súdwest-Fryslân", "8601", "0515"),
    ("Gent", "9000", "09"),
    ("Antwerpen", "2000", "03"),
    ("Liège", "4000", "04"),
    ("Brugge", "8000", "050"),
    ("Saint-Hubert", "6870", "061"),
    ("Sint-Truiden", "3800", "011"),
)
DUTCH = 12
ARTICLES = (
    "Stroopwafels",
    'Theepot "Zoë"',
    "Kaas, oud; 500 g",
    "Fietsbel",
    "Crème brûlée-schaaltjes",
    "Regenjas maat 38",
    "Speculaas & café",
    "Wollen sokken",
)
STATUSES = ("Completed", "Completed", "Completed", "Shipped", "Paid", "Returned", "Cancelled")
# how often a cell is empty; never in a key
GAPS = {"Phone": 0.3, "Birthdate": 0.4, "Postcode": 0.1}
TODAY = date(2026, 6, 30)


def ascii_letters(name: str) -> str:
    """The letters of a name as they may stand in an address."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalpha())


def customer(chance: random.Random, number: int) -> dict[str, str]:
    """One customer; the number makes the address unique."""
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    place = chance.randrange(len(CITIES))
    city, postcode, area = CITIES[place]
    letters = "".join(chance.choices("ABCDEGHJKLNPRSTVWXZ", k=2))
    dutch = place < DUTCH
    digits = (10 if dutch else 9) - len(area)
    born = date(1940, 1, 1) + timedelta(days=chance.randrange(66 * 365))
    return {
        "Email": f"{ascii_letters(first)}.{ascii_letters(last)}{number}@example.{chance.choice(('com', 'org', 'net'))}",
        "Firstname": first,
        "Lastname": last,
        "City": city,
        "Postcode": f"{postcode} {letters}" if dutch else postcode,
        # a subscriber's number never starts with 0, so these can't be anyone's
        "Phone": f"{area}{chance.randrange(10 ** (digits - 1)):0{digits}d}",
        "Birthdate": born.isoformat(),
    }


def order(chance: random.Random, number: int) -> dict[str, str]:
    """One order; its number has leading zeros."""
    status = chance.choice(STATUSES)
    return {
        "Order.OrderID": f"{number:06d}",
        "Order.Date": (TODAY - timedelta(days=chance.randrange(900))).isoformat(),
        "Order.Article": chance.choice(ARTICLES),
        "Order.Status": status,
        "Order.Total": "" if status == "Cancelled" else f"{chance.randrange(495, 24_995) / 100:.2f}",
    }


def rows() -> list[dict[str, str]]:
    """The rows in no order: a customer's orders are apart, and each row knows only some of the customer's details."""
    chance = random.Random(20_260_630)
    made: list[dict[str, str]] = []
    while len(made) < ROWS:
        person = customer(chance, len(made) + 1)
        for _ in range(min(chance.choice((1, 1, 1, 2, 2, 3, 4, 7)), ROWS - len(made))):
            seen = {
                name: "" if name in GAPS and chance.random() < GAPS[name] else value for name, value in person.items()
            }
            made.append({**seen, **order(chance, 1_042 + len(made))})
    chance.shuffle(made)
    return made


def main() -> None:
    made = rows()
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, made[0], delimiter=";", lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)
    people = len({row["Email"] for row in made})
    print(f"{TARGET.name}: {len(made)} orders of {people} customers")


if __name__ == "__main__":
    main()
