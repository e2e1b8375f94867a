"""What can be set about posts and their files; a part of `model`."""

from dataclasses import dataclass

from fedimmp.config.values import (
    FlagValue,
    NumberValue,
    OriginValue,
    SecondsValue,
    setting,
)

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """What a post may hold."""

    max_characters: int = setting(
        NumberValue(1, 100_000), "Characters of a post, content warning included.", default=5000
    )
    characters_per_url: int = setting(
        NumberValue(1, 1000), "Characters that any link counts for.", default=23
    )
    markdown: bool = setting(
        FlagValue(),
        "Whether apps may send posts as Markdown (`content_type` text/markdown); otherwise all"
        " text is plain.",
        default=True,
    )
    max_media: int = setting(NumberValue(0, 20), "Pictures that a post can carry.", default=4)
    max_poll_options: int = setting(NumberValue(2, 20), "Answers that a poll can have.", default=4)
    max_poll_option_characters: int = setting(
        NumberValue(1, 500), "Characters of one answer of a poll.", default=50
    )
    min_poll_seconds: int = setting(
        NumberValue(1, 86400), "How long a poll is open at least.", default=300
    )
    max_poll_seconds: int = setting(
        NumberValue(60, 31_557_600), "How long a poll is open at most.", default=2_629_746
    )
    trends: bool = setting(
        FlagValue(),
        """Whether apps are shown what is talked about: hashtags that several people used, and posts
        with many reactions. Nobody has to approve them, as all are by the organisation's
        people.""",
        default=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Pictures, films and sounds: how large they may be, where they are served, how long kept."""

    origin: str | None = setting(
        OriginValue(),
        """An origin of their own for files, such as `https://files.hq.example`, where nothing else
        is served; unset: the office's. Peers must allow its host (`fedimmp peer add HOST
        --media-host`).""",
        default=None,
    )
    max_image_bytes: int = setting(
        NumberValue(1024, 1024 * MIB), "Bytes of an uploaded picture.", default=16 * MIB
    )
    max_image_pixels: int = setting(
        NumberValue(1024, 500_000_000), "Pixels of an uploaded picture.", default=33_177_600
    )
    max_recording_bytes: int = setting(
        NumberValue(1024, 99 * MIB), "Bytes of an uploaded film or sound.", default=99 * MIB
    )
    convert_recordings: bool = setting(
        FlagValue(),
        """Whether uploaded films and sounds are made fit for browsers and get a preview. It needs
        the extra `media` (`pip install fedimmp[media]`); without that they are kept as they
        are.""",
        default=True,
    )
    max_remote_bytes: int = setting(
        NumberValue(1024, 1024 * MIB),
        "Bytes of a picture fetched from an office.",
        default=16 * MIB,
    )
    max_remote_recording_bytes: int = setting(
        NumberValue(1024, 4096 * MIB),
        "Bytes of a film or sound fetched from an office; it is passed on as it came.",
        default=100 * MIB,
    )
    fetch_seconds: float = setting(
        SecondsValue(0.1, 3600),
        "How long fetching a file from an office may take as a whole.",
        default=60.0,
    )
    remote_days: float = setting(
        SecondsValue(1, 36_500),
        "Files of other offices that nobody looked at for so many days are dropped, and fetched"
        " again when somebody does.",
        default=30.0,
    )
    remote_gigabytes: float = setting(
        SecondsValue(0.001, 1_000_000),
        "Gigabytes of other offices' files that are kept; of more, those longest unseen go.",
        default=20.0,
    )
    max_description_characters: int = setting(
        NumberValue(1, 100_000), "Characters of a picture's description.", default=1500
    )
