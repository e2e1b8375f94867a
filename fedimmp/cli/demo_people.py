"""Who works in the demo's offices, whom they follow and what they wrote."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """An employee; `follows` are handles `name@office`."""

    username: str
    name: str
    note: str
    follows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Office:
    """An instance of the demo: its key in addresses and paths, its name, its admin and people."""

    key: str
    name: str
    description: str
    admin: Person
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """Something written by `author` (`name@office`); `answers` is the index of an earlier post."""

    author: str
    text: str
    answers: int | None = None
    liked_by: tuple[str, ...] = ()
    boosted_by: tuple[str, ...] = ()


OFFICES = (
    Office(
        "hq",
        "Headquarters",
        "The office in Basel. Everyone is one step from everyone.",
        Person("admin", "HQ IT", "Looks after this office's server."),
        (
            Person(
                "ada",
                "Ada Brunner",
                "Vice president, materials. Office hours on Tuesdays, for anyone.",
                ("haruto@osaka", "ines@porto", "ben@hq"),
            ),
            Person("ben", "Ben Keller", "Purchasing.", ("ada@hq", "rui@porto")),
            Person("chloe", "Chloé Favre", "Works council.", ("ada@hq", "yuki@osaka")),
            Person("david", "David Meier", "Apprentice, second year.", ("ada@hq", "haruto@osaka")),
        ),
    ),
    Office(
        "porto",
        "Porto",
        "Design and tooling, on the river.",
        Person("admin", "Porto IT", "Looks after this office's server."),
        (
            Person("ines", "Inês Duarte", "Industrial design.", ("ada@hq", "haruto@osaka")),
            Person("joao", "João Pires", "Tool maker.", ("ines@porto", "haruto@osaka")),
            Person("marta", "Marta Reis", "Quality.", ("ines@porto", "sakura@osaka")),
            Person("rui", "Rui Costa", "Logistics.", ("ben@hq", "kenji@osaka")),
        ),
    ),
    Office(
        "osaka",
        "Osaka",
        "The plant that never sleeps.",
        Person("admin", "Osaka IT", "Looks after this office's server."),
        (
            Person("yuki", "Yuki Tanaka", "Shift lead, nights.", ("haruto@osaka", "ada@hq")),
            Person("haruto", "Haruto Sato", "Welder. 溶接工。", ("joao@porto", "ada@hq")),
            Person("sakura", "Sakura Ito", "Laboratory.", ("marta@porto", "haruto@osaka")),
            Person("kenji", "Kenji Mori", "Warehouse.", ("rui@porto", "yuki@osaka")),
        ),
    ),
)

POSTS = (
    Post(
        "haruto@osaka",
        "The new torch nozzle clogs after forty minutes. If we turn it by five degrees it runs the"
        " whole shift. Tried it three nights in a row. #welding #ideas",
        liked_by=("joao@porto", "david@hq", "yuki@osaka"),
        boosted_by=("ada@hq", "joao@porto"),
    ),
    Post(
        "joao@porto",
        "@haruto@osaka I can change the holder so that the angle is fixed. Which thread is it?",
        answers=0,
        liked_by=("haruto@osaka",),
    ),
    Post(
        "haruto@osaka",
        "@joao@porto M8, fine. I'll measure it tonight and send a picture.",
        answers=1,
    ),
    Post(
        "ada@hq",
        "@haruto@osaka This saves a stop per shift in four plants. It is your idea, and it will"
        " carry your name in the report. Thank you!",
        answers=0,
        liked_by=("haruto@osaka", "yuki@osaka", "chloe@hq"),
    ),
    Post(
        "marta@porto",
        "Does anybody have torque figures for the aluminium brackets above 80 °C? #question",
        boosted_by=("ines@porto",),
    ),
    Post(
        "sakura@osaka",
        "@marta@porto We measured them up to 120 °C last spring. You'll have the table in an hour.",
        answers=4,
        liked_by=("marta@porto", "ines@porto"),
    ),
    Post(
        "chloe@hq",
        "Quiet hours: nobody has to answer after seven in the evening, wherever the question comes"
        " from. #workscouncil",
        liked_by=("yuki@osaka", "david@hq", "rui@porto"),
        boosted_by=("yuki@osaka",),
    ),
    Post("rui@porto", "Container 41 is through customs. Osaka, it's yours on Friday. #logistics"),
    Post(
        "kenji@osaka",
        "@rui@porto Received and counted, two days early. どうもありがとう!",
        answers=7,
        liked_by=("rui@porto", "ben@hq"),
    ),
    Post(
        "david@hq",
        "First week at the lathe. Who has a good drawing to learn from? #apprentices",
        boosted_by=("ada@hq",),
    ),
    Post(
        "ines@porto",
        "@david@hq Take the handle of the small press: every mistake one can make is in it, and"
        " how we got rid of each.",
        answers=9,
        liked_by=("david@hq", "ada@hq"),
    ),
    Post(
        "ben@hq",
        "Lunch in the yard at noon. Those in other time zones: have some cake.",
        liked_by=("chloe@hq",),
    ),
)
